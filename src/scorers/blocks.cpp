// SPDX-License-Identifier: Apache-2.0
#include "scorers/blocks.h"

#include <algorithm>

#include "xlt/base/error.h"
#include "xlt/text/segmentation.h"

namespace xlt {

std::vector<ScoreResult> scored_in_blocks(std::span<const ScoreRequest> requests, size_t block,
                                          const JudgeTexts& judge) {
  std::vector<ScoreResult> results(requests.size(), Unscored{Reason::kEmptyText});
  std::vector<size_t> asked;
  for (size_t i = 0; i < requests.size(); ++i)
    if (!is_blank(requests[i].text)) asked.push_back(i);
  for (size_t begin = 0; begin < asked.size(); begin += block) {
    const auto places = std::span(asked).subspan(begin, std::min(block, asked.size() - begin));
    std::vector<std::string> texts;
    for (const size_t place : places) texts.push_back(requests[place].text);
    const auto judged = judge(texts);
    XLT_CHECK(judged.size() == texts.size(), judged.size(), " for ", texts.size(), " texts");
    for (size_t i = 0; i < places.size(); ++i) results[places[i]] = judged[i];
  }
  return results;
}

}  // namespace xlt
