// SPDX-License-Identifier: Apache-2.0
#include "xlt/models/encoder.h"

#include <ATen/core/Tensor.h>

#include "xlt/base/error.h"
#include "xlt/nn/token_batch.h"

namespace xlt {

at::Tensor Encoder::forward(const TokenBatch& batch, const Rows& rows) const {
  return run_layers(batch, /*cache=*/nullptr, rows);
}

void Encoder::check_roots(const TokenBatch& batch) const {
  for (const Segment& segment : batch.segments())
    XLT_CHECK(segment.parent < 0, "an encoder's text has a parent, which would not see it");
}

}  // namespace xlt
