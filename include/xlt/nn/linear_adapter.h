// SPDX-License-Identifier: Apache-2.0
// What may be laid on a linear layer and trained in its weight's stead. LoRA is one kind (lora_adapter.h);
// another, DoRA say, is another class.
#pragma once

#include <cstdint>
#include <functional>

#include <ATen/core/Tensor.h>

#include "xlt/nn/linear_weight.h"
#include "xlt/ops/elementwise/dropout.h"

namespace xlt {

using TensorVisitor = std::function<void(const char* name, at::Tensor& tensor)>;

class LinearAdapter {
 public:
  virtual ~LinearAdapter() = default;
  // x [N, in] → [N, out]: the layer's result with the adapter on, its bias (which may be undefined) added.
  // Differentiable in x and the adapter's tensors. `mask` is for the adapter's input; its p is 0 where there
  // is no dropout.
  virtual at::Tensor forward(const at::Tensor& x, const LinearWeight& weight, const at::Tensor& bias,
                             const ops::Dropout& mask) const = 0;
  // What is trained, by the name that follows the module's ("lora_A"). A tensor may be exchanged for another
  // of its shape.
  virtual void visit_tensors(const TensorVisitor& take) = 0;
  // weight [out, in] float32 → the weight of a layer without the adapter that does the same, float32.
  virtual at::Tensor merged(const at::Tensor& weight) const = 0;

  double dropout = 0;   // on the adapter's input, in passes that have dropout keys
  uint64_t module = 0;  // tells the masks of a model's layers apart: a hash of the module's name
};

}  // namespace xlt
