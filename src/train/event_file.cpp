// SPDX-License-Identifier: Apache-2.0
#include "train/event_file.h"

#include <array>
#include <bit>
#include <fstream>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"

namespace xlt {

namespace {

constexpr std::array<uint32_t, 256> make_crc_table() {
  constexpr uint32_t kCastagnoli = 0x82F63B78;  // the polynomial's bits, lowest first
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kCastagnoli : 0);
    table[byte] = crc;
  }
  return table;
}

constexpr std::array<uint32_t, 256> kCrcTable = make_crc_table();

// ---- numbers as TFRecord and protocol buffers write them, lowest byte first

template <typename Number>
std::string fixed(Number number) {
  std::string bytes;
  for (size_t i = 0; i < sizeof number; ++i) bytes += static_cast<char>(number >> (8 * i) & 0xFF);
  return bytes;
}

std::string varint(uint64_t number) {
  std::string bytes;
  for (; number >= 0x80; number >>= 7) bytes += static_cast<char>(0x80 | (number & 0x7F));
  return bytes + static_cast<char>(number);
}

enum class Wire : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

std::string key(uint32_t field, Wire wire) { return varint(field << 3 | static_cast<uint32_t>(wire)); }
std::string text_field(uint32_t field, std::string_view text) {
  return key(field, Wire::kBytes) + varint(text.size()) + std::string(text);
}

// ---- event.proto: Event {wall_time 1, step 2, file_version 3, summary 5};
//      summary.proto: Summary {value 1}, Summary.Value {tag 1, simple_value 2}

std::string event(double wall_time, int64_t step) {
  return key(1, Wire::kFixed64) + fixed(std::bit_cast<uint64_t>(wall_time)) + key(2, Wire::kVarint) +
         varint(static_cast<uint64_t>(step));
}

std::string scalar(const std::string& tag, double value) {
  const std::string bytes =
      text_field(1, tag) + key(2, Wire::kFixed32) + fixed(std::bit_cast<uint32_t>(static_cast<float>(value)));
  return text_field(1, bytes);
}

std::string framed(const std::string& bytes) {
  const std::string length = fixed(static_cast<uint64_t>(bytes.size()));
  return length + fixed(masked_crc32c(length)) + bytes + fixed(masked_crc32c(bytes));
}

void add_scalars(std::string& summary, const std::string& tag, const Json& value) {
  if (value.is_number()) summary += scalar(tag, value.get<double>());
  if (value.is_object())
    for (const auto& [name, inner] : value.items()) add_scalars(summary, tag + "/" + name, inner);
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  uint32_t crc = 0xFFFFFFFF;
  for (const char byte : bytes) crc = kCrcTable[(crc ^ static_cast<uint8_t>(byte)) & 0xFF] ^ (crc >> 8);
  return ~crc;
}

uint32_t masked_crc32c(std::string_view bytes) {
  const uint32_t crc = crc32c(bytes);
  return (crc >> 15 | crc << 17) + 0xA282EAD8;
}

std::string EventFile::record_of(const Json& row) const {
  std::string summary;
  for (const auto& [name, value] : row.items())
    if (name != "step") add_scalars(summary, row.value("split", "train") + "/" + name, value);
  return framed(event(begin_ + row.value("seconds", 0.0), row.value("step", int64_t{0})) +
                text_field(5, summary));
}

void EventFile::rewrite(const std::vector<Json>& rows) const {
  std::string bytes = framed(event(begin_, 0) + text_field(3, "brain.Event:2"));
  for (const Json& row : rows) bytes += record_of(row);
  make_folders(file_.parent_path());
  write_file(file_, bytes);
}

void EventFile::append(const Json& row) const {
  std::ofstream stream(file_, std::ios::app | std::ios::binary);
  stream << record_of(row);
  stream.flush();
  if (!stream) throw Error(ErrorKind::kIo, "cannot be written", file_.string());
}

}  // namespace xlt
