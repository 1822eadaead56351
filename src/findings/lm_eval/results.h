// SPDX-License-Identifier: Apache-2.0
// What lm-evaluation-harness 0.4.13 left: results_….json, and samples_TASK_….jsonl beside it.
#pragma once

#include "findings/evaluation_folder.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "xlt/base/json.h"

namespace xlt {

// A number that the results state.
struct StatedMetric {
  double value = 0;
  Json standard_error, higher_is_better;  // null where it says none
  int64_t num_items = 0;
};

// A number that the results state and that cannot be one.
struct UnusableMetric {
  CellName cell;
  std::string metric, reason;
};

struct LmEvalResults {
  std::filesystem::path file;
  Json record;  // {"file", "sha256", "model_name", "model_args", "lm_eval_version"}
  std::map<CellName, std::map<std::string, StatedMetric>> stated;
  std::vector<UnusableMetric> unusable;  // not among `stated`
  // The metrics that samples reproduce, as an evaluation whose items can be paired. Its cells are those of
  // `stated`; one without samples has no metrics.
  EvaluationFolder evaluation;
};

// `path`: the file, or a folder that holds it (the newest counts). Scoring: "lm-eval". A metric is called as
// there, with its filter ("exact_match,strict-match") unless that is "none". Samples are those of the same
// time, or the only ones of their task; a metric is taken from them where they give the stated value: a mean,
// a ratio of sums (bits_per_byte) or its exponential (perplexities). What is no number ("NaN"), or none that
// a metric of this name can have (an accuracy of -5), is in `unusable`. Throws kIo where there is no such
// file, kData where it is none.
LmEvalResults read_lm_eval(const std::filesystem::path& path);

}  // namespace xlt
