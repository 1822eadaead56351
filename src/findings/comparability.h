// SPDX-License-Identifier: Apache-2.0
// Whether evaluations measured the same thing: everything but the adapter must agree.
#pragma once

#include "findings/arm.h"

#include <string>
#include <vector>

#include "xlt/base/json_fwd.h"

namespace xlt {

// Throws kUsage for a key of `allow` that no setting of any of `folders` has: misspelt, it would allow
// nothing and say nothing.
void check_allowed(const std::vector<const EvaluationFolder*>& folders,
                   const std::vector<std::string>& allow);

// Looks at every report against the base's first: the base model, that the evaluation ended, and of every
// cell that both have the benchmark's version, the scorer's hash and all `settings`. Of the benchmark
// `completions` the ids and prompts must agree instead of the file that holds the completions. A difference
// whose key is in `allow` is returned, [{"key", "base", "value", "folder", "where", "num_cells"}]; others are
// thrown together, kData, each with both values.
Json check_comparable(const std::vector<Arm>& arms, const std::vector<std::string>& allow);

}  // namespace xlt
