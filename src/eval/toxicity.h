// SPDX-License-Identifier: Apache-2.0
// Toxicity of sampled continuations, shared by the prompt sets.
#pragma once

#include <string>
#include <vector>

#include "xlt/eval/benchmark.h"

namespace xlt {

struct ToxicityPrompt {
  std::string id, text, place;  // place: "file:line", for errors
};
// Rows `Prompt` (`Index` or `id`).
std::vector<ToxicityPrompt> read_toxicity_prompts(const CellInput& input);
// Samples completions and scores them with every scorer.
std::vector<ScoredItem> score_toxicity(const std::string& benchmark,
                                       const std::vector<ToxicityPrompt>& prompts, const CellInput& input);
std::vector<MetricSpec> toxicity_metrics(Scoring scoring);
std::vector<SummarySubject> toxicity_summary(const std::string& benchmark);

}  // namespace xlt
