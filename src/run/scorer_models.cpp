// SPDX-License-Identifier: Apache-2.0
#include "run/scorer_models.h"

#include "run/model_hash.h"

#include "xlt/lm/language_model.h"

namespace xlt {

namespace {

class PlacedModels final : public ScorerModels {
 public:
  PlacedModels(const Placement& where, const Context& context) : where_(where), context_(context) {}
  std::unique_ptr<TextClassifier> load_classifier(const std::filesystem::path& model) override {
    return load_text_classifier({.model = model}, where_, context_);
  }
  std::unique_ptr<LanguageModel> load_language_model(const std::filesystem::path& model) override {
    return xlt::load_language_model({.model = model}, where_, context_);
  }
  std::string hash_of(const std::filesystem::path& model) override { return hash_of_model(model); }

 private:
  Placement where_;
  Context context_;
};

}  // namespace

std::unique_ptr<ScorerModels> make_scorer_models(const Placement& where, const Context& context) {
  return std::make_unique<PlacedModels>(where, context);
}

}  // namespace xlt
