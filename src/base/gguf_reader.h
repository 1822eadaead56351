// SPDX-License-Identifier: Apache-2.0
// Bytes of a GGUF file → its metadata and tensors, each read checked against the end of the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>

#include "xlt/base/gguf.h"

namespace xlt {

// Kinds of values, by their number in the file: u8 i8 u16 i16 u32 i32 f32 bool string array u64 i64 f64.
enum GgufKind : uint32_t { kGgufBool = 7, kGgufString = 8, kGgufArray = 9 };
size_t gguf_size_of(uint32_t kind);  // 0: of no fixed size, or no kind at all
bool is_gguf_integer(uint32_t kind);
bool is_gguf_number(uint32_t kind);
std::optional<int64_t> gguf_integer(uint32_t kind, const std::byte* bytes);  // none: beyond int64
double gguf_number(uint32_t kind, const std::byte* bytes);

template <typename T>
T gguf_load(const std::byte* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

class GgufReader {
 public:
  GgufReader(std::span<const std::byte> bytes, const std::string& place) : bytes_(bytes) {
    gguf_.place_ = place;
  }
  Gguf run();

 private:
  [[noreturn]] void fail(const std::string& message) const;
  [[noreturn]] void fail_short() const;
  std::span<const std::byte> take(uint64_t size);
  template <typename T>
  T take_number() {
    return gguf_load<T>(take(sizeof(T)).data());
  }
  std::string take_name(const char* what, uint64_t longest);
  void read_magic();
  void read_value();
  Gguf::Value take_value(const std::string& key);
  void read_tensor();
  void place_tensors();
  void check_overlap() const;

  std::span<const std::byte> bytes_;
  size_t at_ = 0;
  Gguf gguf_;
  std::vector<uint64_t> offsets_;  // of each tensor, from the start of the data
};

}  // namespace xlt
