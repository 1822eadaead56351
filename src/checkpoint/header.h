// SPDX-License-Identifier: Apache-2.0
// The header of one safetensors file, read and checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <c10/core/ScalarType.h>

namespace xlt::safetensors {

struct TensorEntry {
  std::string name;
  c10::ScalarType dtype;
  std::vector<int64_t> shape;
  int64_t begin = 0, end = 0;  // bytes, from the start of the file
};

struct Header {
  std::vector<TensorEntry> tensors;  // in the order of their data
  std::map<std::string, std::string> metadata;
};

// `bytes`: the whole file. Throws kCheckpoint for every fault named in safetensors.h.
Header parse_header(std::span<const std::byte> bytes, const std::filesystem::path& file);

std::optional<c10::ScalarType> dtype_from_name(const std::string& name);
const char* name_from_dtype(c10::ScalarType dtype);  // throws kUnsupported for types the format does not know

}  // namespace xlt::safetensors
