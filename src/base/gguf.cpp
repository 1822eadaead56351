// SPDX-License-Identifier: Apache-2.0
// The values of a GGUF file's metadata, by key.
#include "xlt/base/gguf.h"

#include "base/gguf_reader.h"

#include <cmath>

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {

namespace {

constexpr GgufType kTypes[] = {
#define X(name, number, elements, bytes) {#name, number, elements, bytes},
#include "xlt/base/gguf_types.def"
#undef X
};

}  // namespace

std::span<const GgufType> gguf_types() { return kTypes; }

Gguf Gguf::open(const std::filesystem::path& file) {
  auto map = std::make_shared<const MappedFile>(file);
  Gguf gguf = parse(map->bytes(), file.string());
  gguf.map_ = std::move(map);
  return gguf;
}

Gguf Gguf::parse(std::span<const std::byte> bytes, const std::string& place) {
  return GgufReader(bytes, place).run();
}

void Gguf::fail(std::string_view key, const std::string& message) const {
  throw Error(ErrorKind::kCheckpoint, message, str_cat(place_, ": ", key));
}

const Gguf::Value& Gguf::value(std::string_view key) const {
  const auto found = values_.find(key);
  if (found == values_.end()) fail(key, "this key is missing");
  return found->second;
}

std::string Gguf::text(std::string_view key) const {
  const Value& x = value(key);
  if (x.kind != kGgufString) fail(key, "expected a string");
  return std::string(reinterpret_cast<const char*>(x.bytes.data()), x.bytes.size());
}
std::string Gguf::text(std::string_view key, std::string_view fallback) const {
  return has(key) ? text(key) : std::string(fallback);
}

int64_t Gguf::integer(std::string_view key) const {
  const Value& x = value(key);
  if (!is_gguf_integer(x.kind)) fail(key, "expected an integer");
  const auto number = gguf_integer(x.kind, x.bytes.data());
  if (!number) fail(key, "the number is too large");
  return *number;
}
int64_t Gguf::integer(std::string_view key, int64_t fallback) const {
  return has(key) ? integer(key) : fallback;
}

double Gguf::number(std::string_view key) const {
  const Value& x = value(key);
  if (!is_gguf_number(x.kind)) fail(key, "expected a number");
  const double number = gguf_number(x.kind, x.bytes.data());
  if (!std::isfinite(number)) fail(key, "is not finite");
  return number;
}
double Gguf::number(std::string_view key, double fallback) const { return has(key) ? number(key) : fallback; }

bool Gguf::flag(std::string_view key, bool fallback) const {
  if (!has(key)) return fallback;
  const Value& x = value(key);
  if (x.kind != kGgufBool) fail(key, "expected a bool");
  return x.bytes[0] != std::byte{0};
}

bool Gguf::is_array(std::string_view key) const { return has(key) && value(key).kind == kGgufArray; }

std::vector<std::string_view> Gguf::strings(std::string_view key) const {
  const Value& x = value(key);
  if (x.kind != kGgufArray || x.element != kGgufString) fail(key, "expected an array of strings");
  std::vector<std::string_view> strings;
  strings.reserve(x.count);
  for (std::span<const std::byte> rest = x.bytes; strings.size() < x.count;) {
    const auto length = static_cast<size_t>(gguf_load<uint64_t>(rest.data()));
    strings.emplace_back(reinterpret_cast<const char*>(rest.data()) + sizeof(uint64_t), length);
    rest = rest.subspan(sizeof(uint64_t) + length);
  }
  return strings;
}

std::vector<double> Gguf::numbers(std::string_view key) const {
  const Value& x = value(key);
  if (x.kind != kGgufArray || (!is_gguf_number(x.element) && x.element != kGgufBool))
    fail(key, "expected an array of numbers");
  std::vector<double> numbers;
  numbers.reserve(x.count);
  const size_t size = gguf_size_of(x.element);
  for (uint64_t i = 0; i < x.count; ++i) numbers.push_back(gguf_number(x.element, x.bytes.data() + i * size));
  return numbers;
}

const GgufTensor* Gguf::find(std::string_view name) const {
  const auto found = tensor_places_.find(name);
  return found == tensor_places_.end() ? nullptr : &tensors_[found->second];
}

}  // namespace xlt
