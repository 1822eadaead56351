// SPDX-License-Identifier: Apache-2.0
#include "run/scorer_models.h"

#include "run/lab/world_judges.h"
#include "run/model_hash.h"

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/lm/language_model.h"
#include "xlt/lm/probe.h"
#include "xlt/lm/ranked_models.h"

namespace xlt {

namespace {

class PlacedModels final : public ScorerModels {
 public:
  PlacedModels(const Placement& where, const Context& context, RankedModels* ranks)
      : where_(where), context_(context), ranks_(ranks) {}
  std::unique_ptr<TextClassifier> load_classifier(const std::filesystem::path& model) override {
    return shared(load_text_classifier({.model = model}, where_, context_));
  }
  std::unique_ptr<LanguageModel> load_language_model(const std::filesystem::path& model) override {
    return shared(xlt::load_language_model({.model = model}, where_, context_));
  }
  LoadedProbe load_probe(const std::filesystem::path& folder, const std::filesystem::path& model) override {
    SavedProbe saved = xlt::load_probe(folder);
    const JsonView record(*saved.record, (folder / kProbeRecord).string(), ErrorKind::kCheckpoint);
    const fs::path base = model.empty() ? fs::path(record.at("model").as_string()) : model;
    if (!fs::exists(base))
      throw Error(
          ErrorKind::kIo,
          str_cat("the probe's base model is not there; say where it is: probe:", folder.string(), "#MODEL"),
          base.string());
    const std::string hash = hash_of(base);
    if (hash != record.at("model_hash").as_string())
      throw Error(
          ErrorKind::kCheckpoint,
          str_cat("is another model than the one that the probe was trained on (model_hash of ",
                  folder.string(), "/", kProbeRecord, "); name that one: probe:", folder.string(), "#MODEL"),
          base.string());
    LoadedProbe loaded;
    loaded.languages = record.at("languages").keys();
    loaded.hash =
        sha256(str_cat("probe\n", saved.head.layer, "\n", saved.head.temperature, "\n",
                       record.at("weights_sha256").as_string(), "\n", name_of(where_.dtype), "\n", hash));
    loaded.classifier = shared(make_probe_classifier(
        std::move(saved.head), load_sentence_encoder({.model = base}, where_, context_)));
    return loaded;
  }
  std::unique_ptr<TextOracle> load_oracle(const std::filesystem::path& world,
                                          const std::string& question) override {
    return make_text_oracle(world, question);
  }
  std::string hash_of(const std::filesystem::path& model) override { return hash_of_model(model); }

 private:
  template <typename Model>
  std::unique_ptr<Model> shared(std::unique_ptr<Model> model) const {
    return ranks_ ? ranks_->share(std::move(model)) : std::move(model);
  }

  Placement where_;
  Context context_;
  RankedModels* ranks_;
};

}  // namespace

std::unique_ptr<ScorerModels> make_scorer_models(const Placement& where, const Context& context,
                                                 RankedModels* ranks) {
  return std::make_unique<PlacedModels>(where, context, ranks);
}

}  // namespace xlt
