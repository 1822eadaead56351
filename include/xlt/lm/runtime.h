// SPDX-License-Identifier: Apache-2.0
// The tensor library of this process, for whoever may not see a tensor: versions, devices, threads,
// randomness.
#pragma once

#include <cstdint>
#include <string>

#include "xlt/base/placement.h"

namespace xlt {

// libtorch as loaded at run time, "2.11.0"; empty where it does not say.
std::string runtime_torch_version();
// Throws kUnsupported when the libtorch that was loaded is not the one this binary was compiled against.
void check_torch_version();
// Instruction set that libtorch's CPU kernels use: "AVX2", "AVX512" …
std::string cpu_capability();
// "xlt" (our own kernel), "mkl" or "onednn": the library that runs this dtype's matrix products on the CPU.
std::string matmul_library(DType dtype);
// What multiplies bfloat16 there where that is "xlt" (ops::bfloat16_unit).
std::string bfloat16_unit();
// Why no CUDA device can be used, or nothing; the first call loads libtorch's CUDA library where there is a
// driver.
std::string why_no_cuda();
// CUDA devices this process can use.
int num_cuda_devices();

// Cores this process may run on: what its affinity leaves of the machine's (a container's or Slurm's share);
// 0: not known.
int64_t num_usable_cores();
int64_t num_threads();
// Threads inside one operation; 0 leaves libtorch's choice.
void set_num_threads(int64_t count);
// Memory of freed tensors is kept for the next ones instead of going back to the system: every step allocates
// what the last one freed, and taking it anew costs a page fault for every 4 KiB.
void keep_freed_memory();

}  // namespace xlt
