// SPDX-License-Identifier: Apache-2.0
// What is minimised: a loss, on a decoder's log-probs of rows.
#pragma once

#include "train/loss.h"
#include "train/reference.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace xlt {

class Objective {
 public:
  // `reference` may be null where the loss uses none. Both are borrowed.
  Objective(Decoder& decoder, const Loss& loss, const LossOptions& options, ReferenceModel* reference)
      : decoder_(decoder), loss_(loss), options_(options), reference_(reference) {}

  const Loss& loss() const { return loss_; }
  // Of the given rows; differentiable where gradients are on. Throws kNumerics with the row's place if a
  // log-probability is not finite; `when` ("step 7") begins the message. `dropout`: the key of
  // the policy's masks, one for a whole step, however it is cut into batches; nothing: no dropout.
  LossValue compute(const RowSet& set, std::span<const int64_t> indices, const std::string& when,
                    std::optional<uint64_t> dropout = {});
  int64_t num_items(const RowSet& set, std::span<const int64_t> indices) const;

 private:
  void check_finite(const at::Tensor& logps, const RowSet& set, std::span<const int64_t> indices,
                    const std::string& when) const;
  Decoder& decoder_;
  const Loss& loss_;
  LossOptions options_;
  ReferenceModel* reference_;
};

}  // namespace xlt
