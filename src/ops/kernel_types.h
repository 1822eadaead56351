// SPDX-License-Identifier: Apache-2.0
// What CPU and CUDA kernels are told about tensors. Torch-free: .cu files include no torch header, so that
// they compile fast and link nothing but the CUDA runtime.
#pragma once

namespace xlt::ops {

enum class KernelDtype { kF32, kF64, kBf16, kF16 };

// Where a CUDA kernel is launched; empty for the CPU.
struct KernelStream {
  void* handle = nullptr;  // cudaStream_t
  int device = 0;
};

}  // namespace xlt::ops
