// SPDX-License-Identifier: Apache-2.0
// Language consistency (Marchisio et al. 2024, protocol 2.6) and diversity of one completion, and the metrics
// over them.
#pragma once

#include <filesystem>
#include <string>
#include <unordered_set>
#include <vector>

#include "xlt/eval/benchmark.h"

namespace xlt {

// Words of the English list that are lower-case and longer than three letters; empty where there is no such
// file.
std::unordered_set<std::string> read_english_words(const std::filesystem::path& file);
// An item of this one completion. Without a model what counts its own tokens is absent: the paper's dist_n,
// token_dist.
ScoredItem completion_quality(const std::string& id, const std::string& prompt, const std::string& text,
                              const std::unordered_set<std::string>& english, const CellInput& input);
// paper: rates are 1 where no line could be judged.
std::vector<MetricSpec> quality_metrics(Scoring scoring);

}  // namespace xlt
