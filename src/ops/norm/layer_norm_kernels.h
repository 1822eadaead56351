// SPDX-License-Identifier: Apache-2.0
// Kernels of layer_norm, one pair a backend. x, y and their gradients [rows, columns], contiguous, of
// `dtype`; weight and bias [columns] of `dtype`; the accumulator is float, double for double. Inside `ops`
// only.
#pragma once

#include "ops/kernel_types.h"

#include <cstdint>

namespace xlt::ops {

struct LayerNormShape {
  KernelDtype dtype = KernelDtype::kF32;
  int64_t rows = 0, columns = 0;
};

struct LayerNormForward {
  LayerNormShape shape;
  double eps = 0;
  const void* x = nullptr;
  const void* weight = nullptr;
  const void* bias = nullptr;  // may be null
  void* y = nullptr;
  void* mean = nullptr;               // [rows] in the accumulator's type; may be null
  void* inverse_deviation = nullptr;  // as `mean`
  // Not null: sum ← x + residual, rounded, and that is normed.
  const void* residual = nullptr;
  void* sum = nullptr;
};

// Partial sums of the weight's and the bias's gradients, one row a block of rows, are left in [blocks,
// columns] arrays of the accumulator's type (may be null: not wanted). Their number depends on `rows` alone,
// so the sum does not depend on the number of threads.
struct LayerNormBackward {
  LayerNormShape shape;
  const void* y_gradient = nullptr;
  const void* x = nullptr;
  const void* weight = nullptr;
  const void* mean = nullptr;
  const void* inverse_deviation = nullptr;
  void* x_gradient = nullptr;  // may be null
  void* weight_gradients = nullptr;
  void* bias_gradients = nullptr;
  int64_t blocks = 0;
  const void* sum_gradient =
      nullptr;  // may be null; x is a sum that is used elsewhere too: added to x_gradient
};

namespace cpu {
void layer_norm_forward(const LayerNormForward& args, const KernelStream& stream);
void layer_norm_backward(const LayerNormBackward& args, const KernelStream& stream);
}  // namespace cpu
namespace cuda {
void layer_norm_forward(const LayerNormForward& args, const KernelStream& stream);
void layer_norm_backward(const LayerNormBackward& args, const KernelStream& stream);
}  // namespace cuda

}  // namespace xlt::ops
