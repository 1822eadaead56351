// SPDX-License-Identifier: Apache-2.0
// What scorers that ask a model have in common: texts in blocks, and those of white space alone unasked.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "xlt/scorers/scorer.h"

namespace xlt {

// One result a text, in order.
using JudgeTexts = std::function<std::vector<ScoreResult>(const std::vector<std::string>& texts)>;

// `judge` gets at most `block` texts at once: enough to fill batches, few enough to hear of an interruption.
// A text of white space alone is Unscored.
std::vector<ScoreResult> scored_in_blocks(std::span<const ScoreRequest> requests, size_t block,
                                          const JudgeTexts& judge);

}  // namespace xlt
