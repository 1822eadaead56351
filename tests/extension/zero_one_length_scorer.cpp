// SPDX-License-Identifier: Apache-2.0
// `zero_one_length:N`: 1 for a text of at least N bytes, else 0; it knows English only.
#include "scorers/factories.h"

#include <cstdlib>

namespace xlt {

namespace {

class ZeroOneLength : public TextScorer {
 public:
  explicit ZeroOneLength(const std::string& length) : length_(length) {}
  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests) override {
    std::vector<ScoreResult> results;
    for (const ScoreRequest& request : requests)
      results.push_back(Score{request.text.size() >= std::strtoul(length_.c_str(), nullptr, 10) ? 1.0 : 0.0});
    return results;
  }
  std::string name() const override { return "zero_one_length:" + length_; }
  std::string hash() const override { return length_; }
  std::optional<Unscored> refusal(const std::string& language) const override {
    if (language == "en") return std::nullopt;
    return Unscored{Reason::kNoWordList, language};
  }

 private:
  std::string length_;
};

}  // namespace

std::unique_ptr<TextScorer> make_zero_one_length_scorer(const ScorerSpec& spec, const ScorerServices&) {
  return std::make_unique<ZeroOneLength>(spec.argument);
}

}  // namespace xlt
