// SPDX-License-Identifier: Apache-2.0
// Kernels of rms_norm, one pair a backend. x, y and their gradients [rows, columns], contiguous, of `dtype`;
// weight [columns] of `dtype`; the accumulator is float, double for double.
#pragma once

#include "ops/kernel_types.h"

#include <cstdint>

namespace xlt::ops {

struct RmsNormShape {
  KernelDtype dtype = KernelDtype::kF32;
  int64_t rows = 0, columns = 0;
  bool one_plus = false;  // × (1 + weight) before rounding, else rounded, then × weight
};

struct RmsNormForward {
  RmsNormShape shape;
  double eps = 0;
  const void* x = nullptr;
  const void* weight = nullptr;
  void* y = nullptr;
  void* inverse_rms = nullptr;  // [rows] in the accumulator's type; may be null
  // Not null: sum ← x + residual, rounded, and that is normed.
  const void* residual = nullptr;
  void* sum = nullptr;
};

// Partial sums of the weight's gradient, one row a block of rows, are left in weight_gradients [blocks,
// columns] (accumulator's type; may be null: not wanted). Their number depends on `rows` alone, so the sum
// does not depend on the number of threads.
struct RmsNormBackward {
  RmsNormShape shape;
  const void* y_gradient = nullptr;
  const void* x = nullptr;
  const void* weight = nullptr;
  const void* inverse_rms = nullptr;
  void* x_gradient = nullptr;  // may be null
  void* weight_gradients = nullptr;
  int64_t blocks = 0;
  const void* sum_gradient =
      nullptr;  // may be null; x is a sum that is used elsewhere too: added to x_gradient
};

namespace cpu {
void rms_norm_forward(const RmsNormForward& args, const KernelStream& stream);
void rms_norm_backward(const RmsNormBackward& args, const KernelStream& stream);
}  // namespace cpu
namespace cuda {
void rms_norm_forward(const RmsNormForward& args, const KernelStream& stream);
void rms_norm_backward(const RmsNormBackward& args, const KernelStream& stream);
}  // namespace cuda

}  // namespace xlt::ops
