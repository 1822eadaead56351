// SPDX-License-Identifier: Apache-2.0
// A step's loss from those of its micro-batches: each term a mean over the items of the whole step.
#pragma once

#include "train/deferred_reads.h"
#include "train/metrics.h"
#include "train/objective.h"

#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

namespace xlt {

inline constexpr const char* kLossName = "loss";  // in metrics.jsonl

// What each term of the loss is divided by: its items in all of the batches, at least 1, so that a step
// without one has loss 0 and not 0/0.
std::vector<double> divisors_of(const Objective& objective, std::span<const MicroBatch> batches);
// The micro-batch's share of the step's loss, to be differentiated; undefined where no term has an item.
at::Tensor share_of(const LossValue& value, const std::vector<double>& divisors);
// The same share, and those of what is logged besides, into `metrics` once `reads` are read.
void add_share(MetricSums& metrics, const LossValue& value, const std::vector<double>& divisors,
               DeferredReads& reads);

}  // namespace xlt
