// SPDX-License-Identifier: Apache-2.0
// What most scorers say of a text: 1 where more than half of those that scored it give 0.5 or more, 0 where
// fewer do.
#pragma once

#include "xlt/scorers/scorer.h"

namespace xlt {

inline constexpr const char* kMajorityName = "majority";

// A text that fewer than two of them scored, or on which they are split, is Unscored. One thread.
class MajorityScorer final : public TextScorer {
 public:
  // They must live as long. Each is asked anew: those that are costly should remember (ScoreCache).
  explicit MajorityScorer(std::vector<TextScorer*> scorers) : scorers_(std::move(scorers)) {}
  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests) override;
  std::string name() const override { return kMajorityName; }
  std::string hash() const override;
  std::optional<Unscored> refusal(const std::string& language) const override;
  bool is_costly() const override { return false; }

 private:
  std::vector<TextScorer*> scorers_;
};

}  // namespace xlt
