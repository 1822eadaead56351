// SPDX-License-Identifier: Apache-2.0
// `fasttext:FILE[#label]`: the probability of a label (with or without "__label__") by a supervised fastText
// model, one line a text. Without #label: the model's label "toxic". Fast, and as good as what it was trained
// on.
#include "scorers/factories.h"

#include <algorithm>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/registry.h"
#include "xlt/text/fasttext_classifier.h"
#include "xlt/text/segmentation.h"

namespace xlt {

namespace {

constexpr std::string_view kPrefix = "__label__";
constexpr const char* kUsualLabel = "toxic";

std::string without_prefix(std::string label) {
  if (label.starts_with(kPrefix)) label.erase(0, kPrefix.size());
  return label;
}

class FastTextScorer : public TextScorer {
 public:
  FastTextScorer(const fs::path& file, const std::string& label) : classifier_(file), file_(file) {
    const std::string wanted = without_prefix(label.empty() ? kUsualLabel : label);
    std::vector<std::string> known;
    for (const std::string& own : classifier_.labels()) {
      known.push_back(without_prefix(own));
      if (known.back() == wanted) label_ = own;
    }
    if (label_.empty()) {
      std::sort(known.begin(), known.end());
      throw Error(ErrorKind::kUsage,
                  unknown_name_message(
                      label.empty() ? "label (none was given: fasttext:FILE#LABEL)" : "label", wanted, known),
                  file.string());
    }
    hash_ = sha256(label_ + "\n" + sha256_of_file(file));
  }

  std::string name() const override {
    return str_cat("fasttext:", file_.filename().string(), "#", without_prefix(label_));
  }
  std::string hash() const override { return hash_; }
  // It has no notion of language: whether it was trained on one cannot be asked.
  std::optional<Unscored> refusal(const std::string&) const override { return std::nullopt; }

  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests) override {
    std::vector<ScoreResult> results;
    for (const ScoreRequest& request : requests) results.push_back(score_one(request.text));
    return results;
  }

 private:
  ScoreResult score_one(const std::string& text) const {
    if (is_blank(text)) return Unscored{Reason::kEmptyText};
    const auto probability = classifier_.probability(text, label_);
    if (!probability) return Unscored{Reason::kNoProbability};
    return Score{std::clamp(*probability, 0.0, 1.0)};
  }

  FastTextClassifier classifier_;
  fs::path file_;
  std::string label_, hash_;
};

}  // namespace

std::unique_ptr<TextScorer> make_fasttext_scorer(const ScorerSpec& spec, const ScorerServices&) {
  if (spec.argument.empty())
    throw Error(ErrorKind::kUsage, "no file; expected fasttext:FILE or fasttext:FILE#LABEL",
                "--scorer fasttext");
  return std::make_unique<FastTextScorer>(fs::path(spec.argument), spec.label);
}

}  // namespace xlt
