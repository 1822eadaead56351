// SPDX-License-Identifier: Apache-2.0
// A scorer before another one: what it does not say itself, the other does.
#pragma once

#include "xlt/scorers/scorer.h"

namespace xlt {

class ForwardingScorer : public TextScorer {
 public:
  // `scorer` must live as long.
  explicit ForwardingScorer(TextScorer& scorer) : scorer_(scorer) {}
  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests) override {
    return scorer_.score(requests);
  }
  std::string name() const override { return scorer_.name(); }
  std::string hash() const override { return scorer_.hash(); }
  std::optional<Unscored> refusal(const std::string& language) const override {
    return scorer_.refusal(language);
  }
  std::string note(const std::string& language) const override { return scorer_.note(language); }
  std::vector<std::string> trained_languages() const override { return scorer_.trained_languages(); }
  bool is_costly() const override { return scorer_.is_costly(); }
  size_t texts_a_call() const override { return scorer_.texts_a_call(); }

 protected:
  TextScorer& scorer_;
};

}  // namespace xlt
