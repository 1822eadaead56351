// SPDX-License-Identifier: Apache-2.0
// An evaluation, cut into what a cell does at a time.
#pragma once

#include "run/sweep/grid.h"

#include <string>
#include <vector>

#include "xlt/eval/planned_cells.h"

namespace xlt {

struct TrainRunOptions;

struct Share {
  std::string part;  // "eval", "rtp_lx", "rtp_lx/fr"
  Json options;      // benchmarks, langs: those that ask for it
  std::vector<PlannedCell> cells;
};

// `cells` by `split`, in their order. given: the options as the grid has them. all_benchmarks: `cells` are
// all that they ask for. whole: what a share is called that is all of it.
std::vector<Share> shares_of(const std::vector<PlannedCell>& cells, const Json& given, EvalSplit split,
                             bool all_benchmarks, const std::string& whole);

// The options of `xlt eval`, of `xlt train`, among those of its command. Throw kConfig.
EvalOptions eval_options(const Json& resolved);
TrainRunOptions train_options(const Json& resolved);

}  // namespace xlt
