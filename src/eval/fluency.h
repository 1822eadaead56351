// SPDX-License-Identifier: Apache-2.0
// How fluent completions are, by a second model (protocol 2.6).
//
// fluency_ppl, as published (quirk G9), of an encoder-decoder (mT5): each of x = prompt and x = prompt +
// completion is both what the encoder reads and what the decoder must say. With CE_x the mean cross-entropy
// over x's n_x tokens,
// </s> included, L_x = CE_x · (n_x − 1) and
//
//   ppl = exp((L_full − L_prompt) / (n_full − n_prompt))
//
// A decoder as --fluency-model gives the perplexity a token of the completion given the prompt under that
// name. The metric is the median: in paper scoring over completions without a line of another language, null
// where a language has fewer than 100 of them (Maltese: 65); corrected, over all.
//
// fluency_bits_per_byte (corrected): bits of the completion given the prompt over its bytes, by a decoder:
// the one that --fluency-model names, else the untouched model (without its adapter, or --base), else the
// model itself, which then is the untouched one.
#pragma once

#include <string>
#include <vector>

#include "xlt/eval/benchmark.h"

namespace xlt {

// Adds them to items that completion_quality made; `prompts` and `texts` are theirs, in order. An item
// without a text lacks both, with its own reason.
void add_fluency(std::vector<ScoredItem>& items, const std::vector<std::string>& prompts,
                 const std::vector<std::string>& texts, const CellInput& input);
// fluency_ppl is a headline where there is a --fluency-model.
std::vector<MetricSpec> fluency_metrics(Scoring scoring, const EvalOptions& options);

}  // namespace xlt
