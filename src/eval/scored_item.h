// SPDX-License-Identifier: Apache-2.0
// Items as rows of items/<benchmark>/<lang>.jsonl.
#pragma once

#include "xlt/base/json_fwd.h"
#include "xlt/eval/benchmark.h"

namespace xlt {

// {"id", …detail, "ratios": {name: [numerator, denominator]}, "absent"?, "unscored"?, "by_scorer"?: {scorer:
// {"ratios", "absent"?, "unscored"?}}}, and back (without detail).
Json item_to_json(const ScoredItem& item);
ScoredItem item_from_json(const Json& json);

}  // namespace xlt
