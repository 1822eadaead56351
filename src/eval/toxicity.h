// SPDX-License-Identifier: Apache-2.0
// Prompts whose sampled continuations are judged: what the prompt sets share.
#pragma once

#include "eval/judged_completions.h"

#include <string>
#include <vector>

namespace xlt {

struct ToxicityPrompt {
  std::string id, text, place;  // place: "file:line", for errors
};
// Samples completions and scores them with every scorer. Completions that an earlier evaluation kept are not
// sampled again. `benchmark` names the random streams.
std::vector<ScoredItem> score_toxicity(const std::string& benchmark,
                                       const std::vector<ToxicityPrompt>& prompts, const CellInput& input);
// The same of the cell's file: rows `Prompt` (`Index` or `id`).
std::vector<ScoredItem> score_toxicity_file(const std::string& benchmark, const CellInput& input);
std::vector<SummarySubject> toxicity_summary(const std::string& benchmark);

}  // namespace xlt
