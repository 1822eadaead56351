// SPDX-License-Identifier: Apache-2.0
// Completions before and after, for people to read.
#pragma once

#include "findings/arm.h"

#include <cstdint>
#include <vector>

#include "xlt/base/json.h"

namespace xlt {

// Of every benchmark and language that has completions, and of every arm but the first (their first seeds):
// {"benchmark", "language", "arm", "id", "prompt", "before", "after", "score_before", "score_after",
// "is_sensitive"}, at most `count` of them: half where the scores moved most, half the first of the file. The
// same sample of either side; scores are those of the first scorer, null where there is none. `is_sensitive`:
// of a benchmark of toxicity, to be hidden at first.
Json page_samples(const std::vector<Arm>& arms, int64_t count);

}  // namespace xlt
