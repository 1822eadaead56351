// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/placement.h"

#include "xlt/base/error.h"
#include "xlt/base/registry.h"

namespace xlt {

const char* name_of(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
      return "float32";
    case DType::kBFloat16:
      return "bfloat16";
    case DType::kFloat16:
      return "float16";
    case DType::kFloat64:
      return "float64";
  }
  return "float32";
}

DType parse_dtype(std::string_view name) {
  for (DType dtype : {DType::kFloat32, DType::kBFloat16, DType::kFloat16, DType::kFloat64})
    if (name == name_of(dtype)) return dtype;
  throw_unknown_name("dtype", name, {"float32", "bfloat16", "float16"});
}

std::string name_of(const Placement& where) {
  return where.is_cuda ? str_cat("cuda:", where.device_index) : "cpu";
}

}  // namespace xlt
