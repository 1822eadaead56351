// SPDX-License-Identifier: Apache-2.0
// Our names of number types and places, and libtorch's.
#pragma once

#include <ATen/core/Tensor.h>

#include "xlt/base/placement.h"

namespace xlt {

at::ScalarType scalar_type(DType dtype);
at::TensorOptions tensor_options(const Placement& where);

}  // namespace xlt
