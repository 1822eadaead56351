// SPDX-License-Identifier: Apache-2.0
// What the dropout masks of one pass are made from. A token's mask is a function of (pass, module, row name,
// element) alone: neither of where the token lies in its batch nor of the tokens beside it.
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace xlt {

struct DropoutKeys {
  uint64_t pass = 0;  // another one, other masks
  at::Tensor rows;    // [N] int64: what the rows of the batch are called (TokenBatch::name_segment)
};

}  // namespace xlt
