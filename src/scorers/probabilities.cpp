// SPDX-License-Identifier: Apache-2.0
#include "scorers/probabilities.h"

#include <algorithm>

#include "xlt/text/segmentation.h"

namespace xlt {

namespace {

// Texts handed over at once: enough to fill every batch, few enough to hear of an interruption.
constexpr size_t kBlock = 1024;

}  // namespace

std::vector<ScoreResult> probabilities_of(TextClassifier& classifier, std::span<const ScoreRequest> requests,
                                          size_t label) {
  std::vector<ScoreResult> results(requests.size(), Unscored{Reason::kEmptyText});
  std::vector<size_t> asked;
  for (size_t i = 0; i < requests.size(); ++i)
    if (!is_blank(requests[i].text)) asked.push_back(i);
  for (size_t begin = 0; begin < asked.size(); begin += kBlock) {
    const auto block = std::span(asked).subspan(begin, std::min(kBlock, asked.size() - begin));
    std::vector<std::string> texts;
    for (const size_t index : block) texts.push_back(requests[index].text);
    const auto probabilities = classifier.classify(texts);
    for (size_t i = 0; i < block.size(); ++i)
      if (!probabilities[i].empty()) results[block[i]] = Score{probabilities[i][label]};
  }
  return results;
}

}  // namespace xlt
