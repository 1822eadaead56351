// SPDX-License-Identifier: Apache-2.0
// Brings libtorch's CUDA side in when a CUDA device is asked for.
#pragma once

#include <string>

namespace xlt::ops {

// Loads libtorch_cuda (the binary does not link it, so that it starts without), once, and looks for a device.
// → "" if CUDA tensors and kernels work from now on, else why not. Call before any tensor is put on a CUDA
// device.
std::string why_no_cuda();

}  // namespace xlt::ops
