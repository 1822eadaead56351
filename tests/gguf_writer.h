// SPDX-License-Identifier: Apache-2.0
// Makes GGUF files for tests, byte by byte after the format's description.
//
//   GgufWriter gguf;
//   gguf.put_text("general.architecture", "llama").put_integer("llama.block_count", 1);
//   gguf.add_tensor("output_norm.weight", {64}, kGgufF32, bytes_of(values));
//   write_file(file, gguf.bytes());
//
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace xlt {

inline constexpr uint32_t kGgufF32 = 0, kGgufF16 = 1, kGgufQ8_0 = 8;  // types of tensors

template <typename T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}
template <typename T>
std::string byte_string(T value) {
  return bytes_of(std::vector<T>{value});
}

class GgufWriter {
 public:
  GgufWriter& put_text(const std::string& key, const std::string& value) { return put(key, 8, text(value)); }
  GgufWriter& put_integer(const std::string& key, uint32_t value) { return put(key, 4, byte_string(value)); }
  GgufWriter& put_number(const std::string& key, float value) { return put(key, 6, byte_string(value)); }
  GgufWriter& put_flag(const std::string& key, bool value) {
    return put(key, 7, byte_string<uint8_t>(value));
  }
  GgufWriter& put_texts(const std::string& key, const std::vector<std::string>& values) {
    std::string bytes = byte_string<uint32_t>(8) + byte_string<uint64_t>(values.size());
    for (const std::string& value : values) bytes += text(value);
    return put(key, 9, bytes);
  }
  GgufWriter& put_numbers(const std::string& key, const std::vector<float>& values) {
    return put(key, 9, byte_string<uint32_t>(6) + byte_string<uint64_t>(values.size()) + bytes_of(values));
  }
  GgufWriter& put_integers(const std::string& key, const std::vector<int32_t>& values) {
    return put(key, 9, byte_string<uint32_t>(5) + byte_string<uint64_t>(values.size()) + bytes_of(values));
  }
  // Any kind, whatever its bytes.
  GgufWriter& put(const std::string& key, uint32_t kind, const std::string& bytes) {
    values_ += text(key) + byte_string(kind) + bytes;
    ++num_values_;
    return *this;
  }
  // `shape`: the outermost dimension first.
  GgufWriter& add_tensor(const std::string& name, const std::vector<int64_t>& shape, uint32_t type,
                         const std::string& data) {
    return add_tensor_at(name, shape, type, data_.size(), data);
  }
  GgufWriter& add_tensor_at(const std::string& name, const std::vector<int64_t>& shape, uint32_t type,
                            uint64_t offset, const std::string& data) {
    tensors_ += text(name) + byte_string(static_cast<uint32_t>(shape.size()));
    for (size_t i = shape.size(); i-- > 0;) tensors_ += byte_string(static_cast<uint64_t>(shape[i]));
    tensors_ += byte_string(type) + byte_string(offset);
    data_ += data;
    pad(data_);
    ++num_tensors_;
    return *this;
  }

  std::string bytes(uint32_t version = 3) const {
    std::string all = "GGUF" + byte_string(version) + byte_string(num_tensors_) + byte_string(num_values_) +
                      values_ + tensors_;
    pad(all);
    return all + data_;
  }

 private:
  static std::string text(const std::string& value) { return byte_string<uint64_t>(value.size()) + value; }
  static void pad(std::string& bytes) { bytes.append((32 - bytes.size() % 32) % 32, '\0'); }

  std::string values_, tensors_, data_;
  uint64_t num_values_ = 0, num_tensors_ = 0;
};

}  // namespace xlt
