// SPDX-License-Identifier: Apache-2.0
// Base product plus adapter.
#include "xlt/nn/linear.h"

#include <ATen/TensorOperators.h>

#include "xlt/ops/matmul/linear.h"

namespace xlt {

at::Tensor Linear::forward(const at::Tensor& x) const {
  if (!adapter_ || !adapter_enabled_)
    return bias_.defined() ? ops::linear(x, weight_, bias_) : ops::linear(x, weight_);
  const LoraAdapter& lora = *adapter_;
  ops::Dropout dropout;
  if (dropout_stream_ && lora.dropout > 0) dropout = {lora.dropout, dropout_stream_->next()};
  const at::Tensor y = ops::lora_linear(x, weight_, lora.a, lora.b, lora.scale, dropout);
  return bias_.defined() ? y + bias_ : y;
}

}  // namespace xlt
