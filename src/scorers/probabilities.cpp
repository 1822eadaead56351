// SPDX-License-Identifier: Apache-2.0
#include "scorers/probabilities.h"

#include "scorers/blocks.h"

namespace xlt {

std::vector<ScoreResult> probabilities_of(TextClassifier& classifier, std::span<const ScoreRequest> requests,
                                          size_t label) {
  return scored_in_blocks(requests, kTextsOfClassifier, [&](const std::vector<std::string>& texts) {
    std::vector<ScoreResult> results;
    for (const auto& probabilities : classifier.classify(texts))
      results.push_back(probabilities.empty() ? ScoreResult(Unscored{Reason::kEmptyText})
                                              : ScoreResult(Score{probabilities[label]}));
    return results;
  });
}

}  // namespace xlt
