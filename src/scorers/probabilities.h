// SPDX-License-Identifier: Apache-2.0
// What scorers over a TextClassifier share.
#pragma once

#include "xlt/lm/text_classifier.h"
#include "xlt/scorers/scorer.h"

namespace xlt {

// How many texts at once.
inline constexpr size_t kTextsOfClassifier = 1024;

// The probability of `label` for each text; Unscored (kEmptyText) where there is nothing to read.
std::vector<ScoreResult> probabilities_of(TextClassifier& classifier, std::span<const ScoreRequest> requests,
                                          size_t label);

}  // namespace xlt
