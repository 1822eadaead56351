// SPDX-License-Identifier: Apache-2.0
// What the fuzz targets share: a reader may refuse its input with an Error, and must do nothing worse.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "xlt/base/error.h"
#include "xlt/base/scratch_folder.h"

namespace xlt::fuzzing {

// One folder a process; files in it are written anew for every input.
inline const std::filesystem::path& folder() {
  static const ScratchFolder scratch;
  return scratch.path();
}

inline std::filesystem::path write(const std::string& name, std::string_view bytes) {
  const std::filesystem::path file = folder() / name;
  std::ofstream(file, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return file;
}

// Cuts off what stands before the next zero byte, for inputs of several parts.
inline std::string_view next_part(std::string_view& rest) {
  const size_t end = rest.find('\0');
  const std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return part;
}

}  // namespace xlt::fuzzing

// XLT_FUZZ { … `input` is a std::string_view … }
#define XLT_FUZZ                                                             \
  static void fuzz_one(std::string_view input);                              \
  extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);   \
  extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {  \
    try {                                                                    \
      fuzz_one(std::string_view(reinterpret_cast<const char*>(data), size)); \
    } catch (const xlt::Error&) {                                            \
    }                                                                        \
    return 0;                                                                \
  }                                                                          \
  static void fuzz_one(std::string_view input)
