// SPDX-License-Identifier: Apache-2.0
// `classifier:DIR[#label]`: the probability of a label, by name or number, by a sequence classifier in
// Hugging Face format. Without #label: the one whose name says toxic. The text is scored alone, up to the
// model's length.
#include "scorers/factories.h"
#include "scorers/probabilities.h"

#include <algorithm>
#include <cctype>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/join.h"
#include "xlt/base/registry.h"
#include "xlt/lm/text_classifier.h"

namespace xlt {

namespace {

constexpr const char* kUsualLabels[] = {"toxic", "toxicity"};

std::string lowered(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::optional<size_t> find_label(const std::vector<std::string>& labels, const std::string& wanted) {
  for (size_t i = 0; i < labels.size(); ++i)
    if (labels[i] == wanted) return i;
  for (size_t i = 0; i < labels.size(); ++i)
    if (lowered(labels[i]) == lowered(wanted)) return i;
  // A number; ids of no label's name.
  const bool is_number =
      !wanted.empty() && wanted.size() < 6 &&
      std::all_of(wanted.begin(), wanted.end(), [](unsigned char c) { return std::isdigit(c); });
  if (is_number && std::stoul(wanted) < labels.size()) return std::stoul(wanted);
  return std::nullopt;
}

size_t choose_label(const TextClassifierInfo& info, const std::string& wanted) {
  if (!wanted.empty()) {
    if (const auto found = find_label(info.labels, wanted)) return *found;
    auto known = info.labels;
    std::sort(known.begin(), known.end());
    throw Error(ErrorKind::kUsage, unknown_name_message("label", wanted, known), info.model);
  }
  for (const char* usual : kUsualLabels)
    if (const auto found = find_label(info.labels, usual)) return *found;
  if (info.labels.size() == 1) return 0;
  throw Error(ErrorKind::kUsage,
              str_cat("which label stands for toxic cannot be told from their names (", join(info.labels),
                      "); give classifier:DIR#LABEL, by name or number"),
              info.model);
}

class ClassifierScorer : public TextScorer {
 public:
  ClassifierScorer(const ScorerSpec& spec, ScorerModels& models)
      : classifier_(models.load_classifier(spec.argument)),
        label_(choose_label(classifier_->info(), spec.label)) {
    hash_ = sha256(str_cat("classifier\n", label_, "\n", classifier_->info().dtype, "\n",
                           models.hash_of(spec.argument)));
    fs::path folder = fs::path(spec.argument).lexically_normal();
    if (!folder.has_filename()) folder = folder.parent_path();
    name_ = str_cat("classifier:", folder.filename().string(), "#", classifier_->info().labels[label_]);
  }

  std::string name() const override { return name_; }
  std::string hash() const override { return hash_; }
  // It has no notion of language: whether it was trained on one cannot be asked.
  std::optional<Unscored> refusal(const std::string&) const override { return std::nullopt; }

  size_t texts_a_call() const override { return kTextsOfClassifier; }

  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests) override {
    return probabilities_of(*classifier_, requests, label_);
  }

 private:
  std::unique_ptr<TextClassifier> classifier_;
  size_t label_;
  std::string hash_, name_;
};

}  // namespace

std::unique_ptr<TextScorer> make_classifier_scorer(const ScorerSpec& spec, const ScorerServices& services) {
  if (spec.argument.empty())
    throw Error(ErrorKind::kUsage, "no folder; expected classifier:DIR or classifier:DIR#LABEL",
                "--scorer classifier");
  XLT_CHECK(services.models != nullptr, "a classifier is asked for where no models can be loaded");
  return std::make_unique<ClassifierScorer>(spec, *services.models);
}

}  // namespace xlt
