// SPDX-License-Identifier: Apache-2.0
// Results of lm-evaluation-harness beside the arms of a comparison.
#pragma once

#include "findings/arm.h"
#include "findings/lm_eval/results.h"

#include <string>
#include <vector>

#include "xlt/findings/compare.h"

namespace xlt {

// An arm's files: seeds of the same tasks, in the order in which they were given.
struct LmEvalArm {
  std::string name;
  std::vector<LmEvalResults> runs;
};

// "NAME=FILE", or FILE: an arm called as its model. Those of one name are one arm; the one called `base`
// comes first, where there is one.
std::vector<LmEvalArm> read_lm_eval_arms(const std::vector<std::string>& texts, const std::string& base);

// Which of the metrics that were asked for some evaluation has; "all" and "headline" with them.
std::vector<std::string> metrics_among(const std::vector<Arm>& arms, const std::vector<std::string>& asked);
// Which of them are lm_eval's: names that its results have, "all" and "headline".
std::vector<std::string> lm_eval_metrics(const std::vector<LmEvalArm>& arms,
                                         const std::vector<std::string>& asked);

// Appends rows: of what the samples of base and arm reproduce, as `add_rows` does; of the rest with what the
// results state (p_value null, ci95 of a change from both standard errors as if the sides were independent;
// of an arm that the base has no results beside, base and change null). `base`: the name of the comparison's
// base. Returns what was allowed to differ. Throws as `check_comparable`.
Json add_lm_eval_rows(const std::vector<LmEvalArm>& arms, const std::string& base,
                      const CompareOptions& options, const Context& context, Json& rows, Json& refused);

}  // namespace xlt
