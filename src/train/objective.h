// SPDX-License-Identifier: Apache-2.0
// What is minimised: a loss, on a decoder's log-probs of rows.
#pragma once

#include "train/loss.h"
#include "train/pack.h"
#include "train/reference.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace xlt {

// Some rows of one set.
struct RowBatch {
  const std::vector<TrainRow>* rows;
  std::vector<int64_t> indices;
};
// What a loss is computed on at a time: a share of each of its sets, in the order of Loss::row_sets; of the
// first alone in evaluation.
using MicroBatch = std::vector<RowBatch>;

class Objective {
 public:
  // `reference` may be null where the loss uses none. All are borrowed.
  Objective(Decoder& decoder, const Loss& loss, ReferenceModel* reference)
      : decoder_(decoder), loss_(loss), sets_(loss.row_sets()), reference_(reference) {}

  // Differentiable where gradients are on. If a log-probability is not finite, `reads` throw kNumerics with
  // the row's place when they are read; `when` ("step 7") begins the message. `dropout`: the key of the
  // policy's masks, one for a whole step, however it is cut into batches; nothing: no dropout.
  LossValue compute(const MicroBatch& batch, const std::string& when, DeferredReads& reads,
                    std::optional<uint64_t> dropout = {});
  // Of each of the loss's terms.
  std::vector<int64_t> num_items(const MicroBatch& batch) const;

 private:
  SequenceLogps logps_of(const RowBatch& batch, const RowSetSpec& set, const std::string& when,
                         DeferredReads& reads, std::optional<uint64_t> dropout);
  void add_logps(SequenceLogps& logps, PackedRows& packed, const RowBatch& batch, bool uses_reference,
                 const std::string& when, DeferredReads& reads, std::optional<uint64_t> dropout);
  Decoder& decoder_;
  const Loss& loss_;
  std::vector<RowSetSpec> sets_;
  ReferenceModel* reference_;
};

}  // namespace xlt
