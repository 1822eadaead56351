// SPDX-License-Identifier: Apache-2.0
#include "xlt/scorers/majority.h"

#include <algorithm>

#include "xlt/base/file.h"

namespace xlt {

namespace {

constexpr double kToxic = 0.5;
constexpr int64_t kFewestVotes = 2;

struct Votes {
  int64_t count = 0, toxic = 0;
};

ScoreResult decide(const Votes& votes) {
  if (votes.count < kFewestVotes) return Unscored{Reason::kTooFewVotes};
  if (2 * votes.toxic == votes.count) return Unscored{Reason::kSplitVote};
  return Score{2 * votes.toxic > votes.count ? 1.0 : 0.0};
}

}  // namespace

std::vector<ScoreResult> MajorityScorer::score(std::span<const ScoreRequest> requests) {
  std::vector<Votes> votes(requests.size());
  for (TextScorer* scorer : scorers_) {
    const auto results = scorer->score(requests);
    for (size_t i = 0; i < results.size(); ++i)
      if (const auto* score = std::get_if<Score>(&results[i])) {
        ++votes[i].count;
        votes[i].toxic += score->value >= kToxic;
      }
  }
  std::vector<ScoreResult> results;
  for (const Votes& of_text : votes) results.push_back(decide(of_text));
  return results;
}

std::string MajorityScorer::hash() const {
  std::string hashes = "majority";
  for (const TextScorer* scorer : scorers_) hashes += "\n" + scorer->hash();
  return sha256(hashes);
}

std::optional<Unscored> MajorityScorer::refusal(const std::string& language) const {
  const auto voters = std::count_if(scorers_.begin(), scorers_.end(),
                                    [&](const TextScorer* scorer) { return !scorer->refusal(language); });
  if (voters >= kFewestVotes) return std::nullopt;
  return Unscored{Reason::kTooFewVotes};
}

}  // namespace xlt
