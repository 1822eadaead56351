// SPDX-License-Identifier: Apache-2.0
#include "xlt/ops/scalar_type.h"

#include "xlt/base/error.h"

namespace xlt {

at::ScalarType scalar_type(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
      return at::kFloat;
    case DType::kBFloat16:
      return at::kBFloat16;
    case DType::kFloat16:
      return at::kHalf;
    case DType::kFloat64:
      return at::kDouble;
  }
  throw Error(ErrorKind::kInternal, "dtype without a tensor type");
}

at::TensorOptions tensor_options(const Placement& where) {
  const at::Device device = where.is_cuda
                                ? at::Device(at::kCUDA, static_cast<at::DeviceIndex>(where.device_index))
                                : at::Device(at::kCPU);
  return at::TensorOptions().dtype(scalar_type(where.dtype)).device(device);
}

}  // namespace xlt
