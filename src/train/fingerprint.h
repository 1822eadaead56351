// SPDX-License-Identifier: Apache-2.0
// A tensor's contents as 128 bits.
#pragma once

#include <ATen/core/Tensor.h>

#include "xlt/base/hash128.h"

namespace xlt {

// Of dtype, shape and every byte in its place; the same with any number of threads. Blocks are hashed side by
// side: about as fast as memory is read.
Hash128 fingerprint(const at::Tensor& tensor);

}  // namespace xlt
