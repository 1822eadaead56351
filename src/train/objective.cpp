// SPDX-License-Identifier: Apache-2.0
#include "train/objective.h"

#include <cmath>

#include "xlt/base/error.h"

namespace xlt {

LossValue Objective::compute(const RowSet& set, std::span<const int64_t> indices, const std::string& when,
                             std::optional<uint64_t> dropout) {
  PackedRows packed = pack(set.rows, indices);
  SequenceLogps logps;
  // First the reference: its pass keeps nothing, so the two never hold memory at the same time.
  if (loss_.uses_reference()) {
    logps.reference = reference_->logps(set, indices, packed);
    check_finite(logps.reference, set, indices, when + ": reference");
  }
  if (dropout) packed.tokens.set_dropout(*dropout);
  logps.policy = sequence_logps(decoder_, packed);
  check_finite(logps.policy, set, indices, when);
  return loss_.compute(logps, options_);
}

int64_t Objective::num_items(const RowSet& set, std::span<const int64_t> indices) const {
  int64_t count = 0;
  for (const int64_t index : indices) count += loss_.num_items(set.rows[index]);
  return count;
}

void Objective::check_finite(const at::Tensor& logps, const RowSet& set, std::span<const int64_t> indices,
                             const std::string& when) const {
  const at::Tensor values = logps.detach().to(at::kCPU).contiguous();
  const float* data = values.const_data_ptr<float>();
  const int64_t per_row = values.numel() / static_cast<int64_t>(indices.size());
  for (int64_t i = 0; i < values.numel(); ++i)
    if (!std::isfinite(data[i]))
      throw Error(ErrorKind::kNumerics,
                  str_cat(when, ": the log-probability of this row is ", data[i],
                          "; lower learning_rate or max_grad_norm, or use float32"),
                  set.rows[indices[i / per_row]].place);
}

}  // namespace xlt
