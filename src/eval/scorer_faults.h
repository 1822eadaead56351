// SPDX-License-Identifier: Apache-2.0
// Scorers that answered as no scorer should (is_fault): some texts without a score are told of, a scorer that
// scored none of a cell's texts has failed in it.
#pragma once

#include <string>
#include <vector>

#include "xlt/eval/benchmark.h"
#include "xlt/scorers/scorer.h"

namespace xlt {

// "2 of 10 texts have no score: the program's line is not JSON (2)": faults alone; empty where there are
// none.
std::string faults_text(const std::vector<std::vector<ScoreResult>>& results);

// What the scorers that failed said, a clause each; empty where none did. Their parts of the items keep
// the reason and how many were scored alone: no figure is made of what was never looked at.
std::string take_out_failed_scorers(std::vector<ScoredItem>& items);

}  // namespace xlt
