// SPDX-License-Identifier: Apache-2.0
// Bits per byte and token perplexity of texts.
#pragma once

#include <string>
#include <vector>

#include "xlt/eval/benchmark.h"

namespace xlt {

// Items in the order of `texts`, called by `ids`. Bits are divided by the bytes that were scored; the first
// token is conditioned on the start of a document (TextStart::kDocument).
std::vector<ScoredItem> score_texts(LanguageModel& lm, const std::vector<std::string>& ids,
                                    const std::vector<std::string>& texts);
std::vector<MetricSpec> text_metrics();

}  // namespace xlt
