// SPDX-License-Identifier: Apache-2.0
// What the ranks of a training do together. Every rank calls these at the same moment; in a world of one they
// do nothing.
#pragma once

#include "train/metrics.h"
#include "train/optimizer.h"

#include <cstdint>
#include <functional>
#include <vector>

#include "xlt/base/context.h"
#include "xlt/parallel/parallel.h"

namespace xlt {

// Calls `work` with each of this rank's share of the numbers below `count`. An error on one rank, or an
// interruption, is thrown on all of them: one that stopped by itself would leave the others waiting. In a
// world of one interruptions are looked for before every call, else before the first.
void for_share(World& world, const Context& context, int64_t count, const std::function<void(int64_t)>& work);
// Each gradient becomes its sum over the ranks; one that no rank has stays absent.
void sum_gradients_over_ranks(World& world, const std::vector<TrainedTensor>& parameters);
// Sums by name, in the order in which rank 0 has them, then rank 1 …; the weight is this rank's.
MetricSums summed_over_ranks(World& world, const MetricSums& metrics);

}  // namespace xlt
