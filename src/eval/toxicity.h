// SPDX-License-Identifier: Apache-2.0
// Toxicity of sampled continuations, shared by the prompt sets.
#pragma once

#include <string>
#include <vector>

#include "xlt/eval/benchmark.h"

namespace xlt {

struct ToxicityPrompt {
  std::string id, text;
};
std::vector<ScoredItem> score_toxicity(const std::string& benchmark,
                                       const std::vector<ToxicityPrompt>& prompts,
                                       const std::string& language, const BenchmarkContext& context);
std::vector<MetricSpec> toxicity_metrics(const std::string& scoring);
// What Benchmark::depends_on says for a prompt set.
std::vector<std::string> toxicity_options();
// Rows `Prompt` (`Index` or `id`), the first `limit` of them.
std::vector<ToxicityPrompt> read_toxicity_prompts(const std::filesystem::path& file, int64_t limit);

}  // namespace xlt
