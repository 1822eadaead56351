// Base product plus adapter. SPDX-License-Identifier: Apache-2.0
#include "xlt/nn/linear.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/dropout.h>

#include "xlt/ops/linear.h"

namespace xlt {

at::Tensor Linear::forward(const at::Tensor& x) const {
  if (!adapter_ || !adapter_enabled_)
    return bias_.defined() ? ops::linear(x, weight_, bias_) : ops::linear(x, weight_);
  const LoraAdapter& lora = *adapter_;
  at::Tensor y;
  if (training_ && lora.dropout > 0) {
    // Dropout acts on the adapter's input only, so the two products cannot share x.
    const at::Tensor dropped = at::dropout(x, lora.dropout, /*train=*/true).to(lora.a.scalar_type());
    y = ops::linear(x, weight_) +
        (ops::linear(ops::linear(dropped, lora.a), lora.b) * lora.scale).to(x.scalar_type());
  } else {
    y = ops::lora_linear(x, weight_, lora.a, lora.b, lora.scale);
  }
  return bias_.defined() ? y + bias_ : y;
}

}  // namespace xlt
