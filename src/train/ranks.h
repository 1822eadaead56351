// SPDX-License-Identifier: Apache-2.0
// What the ranks of a training do together. Every rank calls these at the same moment; in a world of one they
// do nothing.
//
// Sums of gradients are taken by halves over the micro-batches of a step, and a rank has a block of them that
// is one of those halves' halves …, so that 1, 2, 4, 8 … ranks come to the same bits where they share the
// same micro-batches. Sums of metrics are taken in the order of micro-batches, on every rank.
#pragma once

#include "train/metrics.h"
#include "train/optimizer.h"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "xlt/base/context.h"
#include "xlt/parallel/parallel.h"

namespace xlt {

// Calls `work` with each number below `count` of this rank's block, in order, and returns what it added to
// the sums, by number. An error on one rank, or an interruption, is thrown on all of them: one that stopped
// by itself would leave the others waiting. In a world of one interruptions are looked for before every call,
// else before the first.
std::vector<MetricSums> for_block(World& world, const Context& context, int64_t count,
                                  const std::function<void(int64_t, MetricSums&)>& work);
// Of all ranks, where each has the sums of its block, in order: names as they first come up. The weight is 0.
MetricSums summed_over_ranks(World& world, std::span<const MetricSums> own);

// Calls `add_gradients` with begin … begin + count − 1, which adds to the parameters' gradients; there are
// none at first. They end as the sum by halves: so many copies of the gradients are held as `count` can be
// halved before two are left, and one.
void sum_gradients_by_halves(const std::vector<TrainedTensor>& parameters, int64_t begin, int64_t count,
                             const std::function<void(int64_t)>& add_gradients);
// Each gradient becomes its sum over the ranks, by halves; one that no rank has stays absent.
void sum_gradients_over_ranks(World& world, const std::vector<TrainedTensor>& parameters);
// Every rank's tensors become rank 0's; contiguous, and of the same shapes.
void broadcast_tensors(World& world, const std::vector<at::Tensor>& tensors);

}  // namespace xlt
