// SPDX-License-Identifier: Apache-2.0
// Kernels that touch every element once: rope and gated activations. Inside `ops` only.
#pragma once

#include "ops/kernel_types.h"

#include <cstdint>

namespace xlt::ops {

struct RopeArgs {
  KernelDtype dtype = KernelDtype::kF32;
  int64_t rows = 0, heads = 0, half = 0;    // half = D / 2
  bool interleaved = false;                 // pairs (2i, 2i + 1), else (i, i + half)
  int64_t row_stride = 0, head_stride = 0;  // of x, in elements; the last dimension is dense
  double direction = 1;                     // −1: the inverse rotation
  const void* x = nullptr;
  const float* cos = nullptr;  // [rows, half], dense
  const float* sin = nullptr;
  void* y = nullptr;  // [rows, heads, 2·half], dense
};
namespace cpu {
void rope(const RopeArgs& args, const KernelStream& stream);
}
namespace cuda {
void rope(const RopeArgs& args, const KernelStream& stream);
}

struct GatedActivationArgs {
  KernelDtype dtype = KernelDtype::kF32;
  bool gelu = false;  // tanh form; else SiLU
  int64_t rows = 0, columns = 0;
  int64_t gate_stride = 0, up_stride = 0;  // between rows, in elements
  const void* gate = nullptr;
  const void* up = nullptr;
  void* y = nullptr;                 // dense; backward: unused
  const void* y_gradient = nullptr;  // backward: dense
  void* gate_gradient = nullptr;     // backward: dense
  void* up_gradient = nullptr;
};
namespace cpu {
void gated_activation_forward(const GatedActivationArgs& args, const KernelStream& stream);
void gated_activation_backward(const GatedActivationArgs& args, const KernelStream& stream);
}  // namespace cpu
namespace cuda {
void gated_activation_forward(const GatedActivationArgs& args, const KernelStream& stream);
void gated_activation_backward(const GatedActivationArgs& args, const KernelStream& stream);
}  // namespace cuda

}  // namespace xlt::ops
