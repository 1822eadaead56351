// SPDX-License-Identifier: Apache-2.0
// Brings libtorch's CUDA side in when a CUDA device is asked for.
#pragma once

#include <cstdint>
#include <string>

namespace xlt::ops {

// Loads libtorch_cuda (the binary does not link it, so that it starts without), once, and looks for a device.
// → "" if CUDA tensors and kernels work from now on, else why not. Call before any tensor is put on a CUDA
// device, and before libtorch is asked anything that touches CUDA (at::manual_seed, at::show_config, a
// backward pass): its answer to the first such question, with or without CUDA, holds for the whole process.
std::string why_no_cuda();

// Bytes of a CUDA device's memory that no process holds; 0 where that cannot be had.
int64_t free_cuda_memory(int device_index);

}  // namespace xlt::ops
