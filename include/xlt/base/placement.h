// SPDX-License-Identifier: Apache-2.0
// Where tensors live and in which dtype; decided once, in `cli`, and handed down.
#pragma once

#include <string>
#include <string_view>

namespace xlt {

enum class DType { kFloat32, kBFloat16, kFloat16, kFloat64 };
struct Placement {
  bool is_cuda = false;
  int device_index = 0;
  DType dtype = DType::kFloat32;
};

const char* name_of(DType dtype);             // "float32"
DType parse_dtype(std::string_view name);     // throws kUsage with the nearest name
std::string name_of(const Placement& where);  // "cpu", "cuda:0"

}  // namespace xlt
