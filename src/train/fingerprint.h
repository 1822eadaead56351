// SPDX-License-Identifier: Apache-2.0
// A tensor's contents as 128 bits.
#pragma once

#include <ATen/core/Tensor.h>

#include "xlt/base/hash128.h"

namespace xlt {

// Of dtype, shape and every byte in its place; the same with any number of threads. Blocks are hashed side by
// side: about as fast as memory is read. On a GPU it is `fingerprint_on_device`.
Hash128 fingerprint(const at::Tensor& tensor);
// Another function of the same things, computed where the tensor is, on any device: only a few bytes come to
// the host. It tells different contents apart by chance, not against somebody who looks for equal ones.
Hash128 fingerprint_on_device(const at::Tensor& tensor);

}  // namespace xlt
