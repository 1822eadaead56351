// SPDX-License-Identifier: Apache-2.0
// GGUF files, as llama.cpp writes them (versions 2 and 3): metadata, and where each tensor lies.
//
//   const Gguf gguf = Gguf::open("model.gguf");
//   const std::string architecture = gguf.text("general.architecture");
//   for (const GgufTensor& tensor : gguf.tensors()) …        // names as in the file
//
// Everything is checked on opening: lengths against the file, counts, duplicate names, tensors that overlap
// or end beyond the file. A fault throws kCheckpoint "file: …". Work and memory are in proportion to the
// file's size. Thread-safe after construction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xlt {

class MappedFile;

// How a tensor's elements are laid down: in blocks of `elements` values, `bytes` bytes each.
struct GgufType {
  const char* name;
  uint32_t number;
  int64_t elements, bytes;
};
std::span<const GgufType> gguf_types();  // those that are read

struct GgufTensor {
  std::string name;
  const GgufType* type = nullptr;   // nullptr: of a type that is not read
  std::string type_name;            // "Q4_K"; "type 77" where its name is not known either
  std::vector<int64_t> shape;       // the outermost dimension first, as libtorch counts
  std::span<const std::byte> data;  // empty for a type that is not read
};

class Gguf {
 public:
  static Gguf open(const std::filesystem::path& file);
  // The same from memory, a pure function. `bytes` must outlive the result.
  static Gguf parse(std::span<const std::byte> bytes, const std::string& place);

  bool has(std::string_view key) const { return values_.contains(key); }
  // Values by key. Those without a fallback throw where the key is absent, all throw where the value is of
  // another kind.
  std::string text(std::string_view key) const;
  std::string text(std::string_view key, std::string_view fallback) const;
  int64_t integer(std::string_view key) const;
  int64_t integer(std::string_view key, int64_t fallback) const;
  double number(std::string_view key) const;  // a float, or an integer
  double number(std::string_view key, double fallback) const;
  bool flag(std::string_view key, bool fallback) const;
  // Arrays. The views live as long as the file is open, which it is as long as any copy of this lives.
  std::vector<std::string_view> strings(std::string_view key) const;
  std::vector<double> numbers(std::string_view key) const;  // bools are 0 and 1
  bool is_array(std::string_view key) const;

  const std::vector<GgufTensor>& tensors() const { return tensors_; }  // in the file's order
  const GgufTensor* find(std::string_view name) const;                 // nullptr: no such tensor
  // All that stands before the tensors' data.
  std::span<const std::byte> header() const { return header_; }
  const std::string& place() const { return place_; }  // the file, for messages
  // Keeps the data in place; null for what was parsed from memory.
  const std::shared_ptr<const MappedFile>& map() const { return map_; }
  [[noreturn]] void fail(std::string_view key, const std::string& message) const;

 private:
  friend class GgufReader;
  struct Value {
    uint32_t kind = 0, element = 0;  // `element`: of an array
    uint64_t count = 1;
    std::span<const std::byte> bytes;
  };
  const Value& value(std::string_view key) const;

  std::string place_;
  std::shared_ptr<const MappedFile> map_;
  std::span<const std::byte> header_;
  std::map<std::string, Value, std::less<>> values_;
  std::vector<GgufTensor> tensors_;
  std::map<std::string, size_t, std::less<>> tensor_places_;
};

}  // namespace xlt
