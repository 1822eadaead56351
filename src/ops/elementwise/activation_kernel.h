// SPDX-License-Identifier: Apache-2.0
// The kernel of activation, on the CPU alone: apart from elementwise_kernels.h, which CUDA sources include
// and which therefore knows no tensor. Inside `ops` only.
#pragma once

#include "ops/kernel_types.h"

#include <cstdint>

#include "xlt/ops/elementwise/activation.h"

namespace xlt::ops {

struct ActivationArgs {
  KernelDtype dtype = KernelDtype::kF32;
  Activation activation = Activation::kSilu;
  int64_t size = 0;
  const void* x = nullptr;  // dense, as y
  void* y = nullptr;
};
namespace cpu {
void activation(const ActivationArgs& args, const KernelStream& stream);
}

}  // namespace xlt::ops
