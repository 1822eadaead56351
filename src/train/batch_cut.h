// SPDX-License-Identifier: Apache-2.0
// Into how many parts micro-batches are cut, because a GPU had no memory for them whole. A step's loss is
// made of sums over its items, each divided by the items of the whole step, so parts add up to what the whole
// gives.
#pragma once

#include "train/objective.h"

#include <cstdint>
#include <span>
#include <vector>

namespace xlt {

class BatchCut {
 public:
  // A loss that compares the rows of a batch with one another (KTO's) would be another loss on a part of
  // them: its batches are never cut.
  explicit BatchCut(const Loss& loss);
  int64_t num_parts() const { return num_parts_; }
  // The micro-batch's parts, in order: each has its share of every set's rows, and there is none without any.
  std::vector<MicroBatch> parts_of(const MicroBatch& batch) const;
  // From now on twice as many parts. False, and nothing is changed, where parts of one row have been reached
  // in all of `batches`, or the loss forbids it.
  bool cut_further(std::span<const MicroBatch> batches);

 private:
  bool may_be_cut_;
  int64_t num_parts_ = 1;
};

}  // namespace xlt
