// SPDX-License-Identifier: Apache-2.0
// Reads a safetensors header and trusts nothing in it: the file may be cut short, damaged or made to mislead.
#include "checkpoint/header.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string_view>

#include "xlt/base/error.h"
#include "xlt/base/json.h"
#include "xlt/base/json_members.h"

namespace xlt::safetensors {

namespace {

constexpr size_t kLengthBytes = 8;
constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the limit of the format's own reader

struct DTypeName {
  const char* name;
  c10::ScalarType dtype;
};
constexpr DTypeName kDTypes[] = {
    {"F64", c10::ScalarType::Double},    {"F32", c10::ScalarType::Float}, {"F16", c10::ScalarType::Half},
    {"BF16", c10::ScalarType::BFloat16}, {"I64", c10::ScalarType::Long},  {"I32", c10::ScalarType::Int},
    {"I16", c10::ScalarType::Short},     {"I8", c10::ScalarType::Char},   {"U8", c10::ScalarType::Byte},
    {"BOOL", c10::ScalarType::Bool},
};

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& message) {
  throw Error(ErrorKind::kCheckpoint, message, file.string());
}
[[noreturn]] void fail_tensor(const std::filesystem::path& file, const std::string& name,
                              const std::string& message) {
  fail(file, str_cat("tensor \"", name, "\": ", message));
}

std::string_view header_text(std::span<const std::byte> bytes, const std::filesystem::path& file) {
  if (bytes.size() < kLengthBytes)
    fail(file, str_cat("the file has ", bytes.size(), " bytes, less than the ", kLengthBytes,
                       " of a safetensors header length; it is truncated or not a safetensors file"));
  uint64_t length = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) length |= static_cast<uint64_t>(bytes[i]) << (8 * i);
  if (length > kMaxHeaderBytes)
    fail(file, str_cat("the header length says ", length, " bytes, more than the format allows (",
                       kMaxHeaderBytes, "); this is not a safetensors file"));
  if (length > bytes.size() - kLengthBytes)
    fail(file, str_cat("the header length says ", length, " bytes, but only ", bytes.size() - kLengthBytes,
                       " follow; the file is truncated, copy it again"));
  return {reinterpret_cast<const char*>(bytes.data()) + kLengthBytes, static_cast<size_t>(length)};
}

std::map<std::string, std::string> read_metadata(const JsonView& view, const std::string& where) {
  std::map<std::string, std::string> metadata;
  for_each_member(view, where, ErrorKind::kCheckpoint, "__metadata__",
                  [&](const std::string& key, const JsonView& value) { metadata[key] = value.as_string(); });
  return metadata;
}

// Π shape · element size, or nothing where that does not fit in 63 bits, or would not if no size were 0: the
// strides of such a tensor do not fit either.
std::optional<int64_t> bytes_of(const std::vector<int64_t>& shape, c10::ScalarType dtype) {
  int64_t bytes = static_cast<int64_t>(c10::elementSize(dtype));
  bool is_empty = false;
  for (int64_t size : shape) {
    is_empty = is_empty || size == 0;
    if (bytes > std::numeric_limits<int64_t>::max() / std::max<int64_t>(size, 1)) return std::nullopt;
    bytes *= std::max<int64_t>(size, 1);
  }
  return is_empty ? 0 : bytes;
}

TensorEntry read_entry(const std::string& name, const JsonView& view, int64_t data_bytes, int64_t data_begin,
                       const std::filesystem::path& file) {
  TensorEntry entry;
  entry.name = name;
  const std::string dtype_name = view.at("dtype").as_string();
  const auto dtype = dtype_from_name(dtype_name);
  if (!dtype) {
    fail_tensor(file, name,
                str_cat("dtype \"", dtype_name,
                        "\" is not supported; known: F64 F32 F16 BF16 I64 I32 I16 I8 U8 BOOL"));
  }
  entry.dtype = *dtype;
  entry.shape = view.at("shape").as_ints();
  for (int64_t size : entry.shape)
    if (size < 0) fail_tensor(file, name, str_cat("shape holds a negative size, ", size));
  const auto offsets = view.at("data_offsets").as_ints();
  if (offsets.size() != 2)
    fail_tensor(file, name,
                str_cat("data_offsets must be [begin, end], but has ", offsets.size(), " numbers"));
  if (offsets[0] < 0 || offsets[1] < offsets[0] || offsets[1] > data_bytes)
    fail_tensor(file, name,
                str_cat("data_offsets [", offsets[0], ", ", offsets[1], "] are outside the file's ",
                        data_bytes, " bytes of data; the file is truncated or damaged"));
  const auto bytes = bytes_of(entry.shape, entry.dtype);
  if (!bytes) fail_tensor(file, name, "the product of its shape is too large to be true");
  if (*bytes != offsets[1] - offsets[0])
    fail_tensor(
        file, name,
        str_cat("shape and dtype need ", *bytes, " bytes, but data_offsets span ", offsets[1] - offsets[0]));
  entry.begin = data_begin + offsets[0];
  entry.end = data_begin + offsets[1];
  return entry;
}

// The tensors must tile the data exactly.
void check_tiling(const std::vector<TensorEntry>& tensors, int64_t data_begin, int64_t file_bytes,
                  const std::filesystem::path& file) {
  int64_t end = data_begin;
  for (const auto& tensor : tensors) {
    if (tensor.begin < end)
      fail_tensor(file, tensor.name,
                  str_cat("its data overlap another tensor's by ", end - tensor.begin, " bytes"));
    if (tensor.begin > end)
      fail_tensor(file, tensor.name,
                  str_cat("a hole of ", tensor.begin - end, " bytes lies before its data"));
    end = tensor.end;
  }
  if (end != file_bytes)
    fail(file, str_cat(file_bytes - end, " bytes at the end of the file belong to no tensor"));
}

}  // namespace

std::optional<c10::ScalarType> dtype_from_name(const std::string& name) {
  for (const auto& row : kDTypes)
    if (name == row.name) return row.dtype;
  return std::nullopt;
}

const char* name_from_dtype(c10::ScalarType dtype) {
  for (const auto& row : kDTypes)
    if (dtype == row.dtype) return row.name;
  throw Error(ErrorKind::kUnsupported, str_cat("safetensors files cannot hold dtype ", c10::toString(dtype)));
}

Header parse_header(std::span<const std::byte> bytes, const std::filesystem::path& file) {
  const std::string_view text = header_text(bytes, file);
  const int64_t file_bytes = static_cast<int64_t>(bytes.size());
  const int64_t data_begin = static_cast<int64_t>(kLengthBytes + text.size());
  const std::string where = file.string() + ": header";
  const Json json = parse_json(text, where, ErrorKind::kCheckpoint);
  const JsonView view(json, where, ErrorKind::kCheckpoint);
  Header header;
  for_each_member(
      view, where, ErrorKind::kCheckpoint, "", [&](const std::string& name, const JsonView& entry) {
        if (name == "__metadata__")
          header.metadata = read_metadata(entry, where);
        else
          header.tensors.push_back(read_entry(name, entry, file_bytes - data_begin, data_begin, file));
      });
  // Empty tensors may share their begin with the next one: the shorter first.
  std::sort(header.tensors.begin(), header.tensors.end(), [](const TensorEntry& a, const TensorEntry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  check_tiling(header.tensors, data_begin, file_bytes, file);
  return header;
}

}  // namespace xlt::safetensors
