// SPDX-License-Identifier: Apache-2.0
// The rows of a comparison, before they are corrected for their number.
#pragma once

#include "findings/arm.h"

#include "xlt/findings/compare.h"

namespace xlt {

// Appends a row for every metric of every cell that the base and an arm both measured, and one for the mean
// over every language but the source; to `refused` {"benchmark", "language", "scoring", "scorer", "metric"?,
// "arm", "reason"} of what one of them has and the other has not.
void add_rows(const std::vector<Arm>& arms, const CompareOptions& options, const Context& context, Json& rows,
              Json& refused);

// `compare` of arms that have been read; `options.arms` is not looked at.
Json compare_arms(const std::vector<Arm>& arms, const CompareOptions& options, const Context& context);

}  // namespace xlt
