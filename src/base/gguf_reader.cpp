// SPDX-License-Identifier: Apache-2.0
// The layout: magic, version, counts; key, kind and value of each entry; name, shape, type and offset of each
// tensor; padding up to the alignment; data.
#include "base/gguf_reader.h"

#include <algorithm>
#include <array>
#include <limits>

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {

namespace {

constexpr uint64_t kMostKeys = 1 << 16, kMostTensors = 1 << 20, kLongestName = 1 << 16;
constexpr uint32_t kMostDimensions = 4, kMostAlignment = 1 << 20;
constexpr int64_t kMostElements = int64_t{1} << 48;

struct OtherType {
  uint32_t number;
  const char* name;
};
constexpr OtherType kOtherTypes[] = {
    {9, "Q8_1"},     {10, "Q2_K"},  {11, "Q3_K"},   {15, "Q8_K"},  {16, "IQ2_XXS"}, {17, "IQ2_XS"},
    {18, "IQ3_XXS"}, {19, "IQ1_S"}, {20, "IQ4_NL"}, {21, "IQ3_S"}, {22, "IQ2_S"},   {23, "IQ4_XS"},
    {24, "I8"},      {25, "I16"},   {26, "I32"},    {27, "I64"},   {28, "F64"},     {29, "IQ1_M"},
    {34, "TQ1_0"},   {35, "TQ2_0"}, {39, "MXFP4"}};

std::string name_of_type(uint32_t number) {
  for (const GgufType& type : gguf_types())
    if (type.number == number) return type.name;
  for (const OtherType& type : kOtherTypes)
    if (type.number == number) return type.name;
  return str_cat("type ", number);
}

const GgufType* type_of(uint32_t number) {
  for (const GgufType& type : gguf_types())
    if (type.number == number) return &type;
  return nullptr;
}

// How a kind's values are read; by its number in the file.
enum class Form { kUnsigned, kSigned, kFloat, kOther };
struct Kind {
  size_t size;
  Form form;
};
constexpr std::array<Kind, 13> kKinds = {{{1, Form::kUnsigned},
                                          {1, Form::kSigned},
                                          {2, Form::kUnsigned},
                                          {2, Form::kSigned},
                                          {4, Form::kUnsigned},
                                          {4, Form::kSigned},
                                          {4, Form::kFloat},
                                          {1, Form::kOther},
                                          {0, Form::kOther},
                                          {0, Form::kOther},
                                          {8, Form::kUnsigned},
                                          {8, Form::kSigned},
                                          {8, Form::kFloat}}};

Form form_of(uint32_t kind) { return kind < kKinds.size() ? kKinds[kind].form : Form::kOther; }

}  // namespace

size_t gguf_size_of(uint32_t kind) { return kind < kKinds.size() ? kKinds[kind].size : 0; }
bool is_gguf_integer(uint32_t kind) {
  return form_of(kind) == Form::kUnsigned || form_of(kind) == Form::kSigned;
}
bool is_gguf_number(uint32_t kind) { return form_of(kind) != Form::kOther; }

std::optional<int64_t> gguf_integer(uint32_t kind, const std::byte* bytes) {
  const size_t size = gguf_size_of(kind);
  uint64_t value = 0;
  std::memcpy(&value, bytes, size);    // little-endian
  if (form_of(kind) != Form::kSigned)  // a bool too
    return value > uint64_t{std::numeric_limits<int64_t>::max()} ? std::nullopt
                                                                 : std::optional(static_cast<int64_t>(value));
  const unsigned shift = static_cast<unsigned>(64 - 8 * size);
  return static_cast<int64_t>(value << shift) >> shift;
}

double gguf_number(uint32_t kind, const std::byte* bytes) {
  if (form_of(kind) == Form::kFloat)
    return gguf_size_of(kind) == 4 ? double{gguf_load<float>(bytes)} : gguf_load<double>(bytes);
  if (form_of(kind) == Form::kUnsigned && gguf_size_of(kind) == 8)
    return static_cast<double>(gguf_load<uint64_t>(bytes));
  return static_cast<double>(*gguf_integer(kind, bytes));
}

void GgufReader::fail(const std::string& message) const {
  throw Error(ErrorKind::kCheckpoint, message, gguf_.place_);
}

void GgufReader::fail_short() const {
  fail(str_cat("ends within its header, at byte ", bytes_.size(),
               ": the file is damaged or cut short; fetch it again"));
}

std::span<const std::byte> GgufReader::take(uint64_t size) {
  if (size > bytes_.size() - at_) fail_short();
  const auto taken = bytes_.subspan(at_, size);
  at_ += size;
  return taken;
}

std::string GgufReader::take_name(const char* what, uint64_t longest) {
  const auto length = take_number<uint64_t>();
  if (length > longest) fail(str_cat("a ", what, " of ", length, " bytes; at most ", longest));
  const auto bytes = take(length);
  std::string name(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (find_invalid_utf8(name)) fail(str_cat("a ", what, " is not UTF-8, before byte ", at_));
  return name;
}

void GgufReader::read_magic() {
  if (bytes_.size() < 4 || std::memcmp(bytes_.data(), "GGUF", 4) != 0)
    fail("is no GGUF file: it does not begin with \"GGUF\"");
  at_ = 4;
  const auto version = take_number<uint32_t>();
  if ((version & 0xFFFF) == 0) fail("is a big-endian GGUF file; only little-endian ones are read");
  if (version != 2 && version != 3)
    fail(str_cat("is of GGUF version ", version, "; versions 2 and 3 are read"));
}

Gguf::Value GgufReader::take_value(const std::string& key) {
  Gguf::Value value;
  value.kind = take_number<uint32_t>();
  const auto take_elements = [&](uint32_t kind, uint64_t count) {
    const size_t begin = at_, size = gguf_size_of(kind);
    if (size > 0) {
      if (count > (bytes_.size() - at_) / size) fail_short();
      take(count * size);
    } else if (kind == kGgufString) {
      for (uint64_t i = 0; i < count; ++i) take(take_number<uint64_t>());
    } else {
      fail(str_cat("key \"", key, "\": values of kind ", kind, " are not read here"));
    }
    return bytes_.subspan(begin, at_ - begin);
  };
  if (value.kind == kGgufArray) {
    value.element = take_number<uint32_t>();
    value.count = take_number<uint64_t>();
    value.bytes = take_elements(value.element, value.count);
  } else {
    value.bytes = take_elements(value.kind, 1);
    if (value.kind == kGgufString) value.bytes = value.bytes.subspan(sizeof(uint64_t));
  }
  return value;
}

void GgufReader::read_value() {
  const std::string key = take_name("key", kLongestName);
  const Gguf::Value value = take_value(key);
  if (!gguf_.values_.emplace(key, value).second) fail(str_cat("key \"", key, "\" stands twice"));
}

void GgufReader::read_tensor() {
  GgufTensor tensor;
  tensor.name = take_name("tensor's name", kLongestName);
  const auto dimensions = take_number<uint32_t>();
  const std::string where = str_cat("tensor \"", tensor.name, "\": ");
  if (dimensions < 1 || dimensions > kMostDimensions)
    fail(str_cat(where, "has ", dimensions, " dimensions; expected 1 to ", kMostDimensions));
  int64_t elements = 1;
  for (uint32_t i = 0; i < dimensions; ++i) {
    const auto size = take_number<uint64_t>();
    if (size < 1 || size > static_cast<uint64_t>(kMostElements / elements))
      fail(str_cat(where, "a size of ", size, " is out of range"));
    tensor.shape.insert(tensor.shape.begin(), static_cast<int64_t>(size));  // innermost first in the file
    elements *= static_cast<int64_t>(size);
  }
  const auto number = take_number<uint32_t>();
  tensor.type = type_of(number);
  tensor.type_name = name_of_type(number);
  if (tensor.type && tensor.shape.back() % tensor.type->elements != 0)
    fail(str_cat(where, "rows of ", tensor.shape.back(), " are no whole blocks of ", tensor.type_name));
  offsets_.push_back(take_number<uint64_t>());
  if (!gguf_.tensor_places_.emplace(tensor.name, gguf_.tensors_.size()).second) fail(where + "stands twice");
  gguf_.tensors_.push_back(std::move(tensor));
}

void GgufReader::place_tensors() {
  gguf_.header_ = bytes_.first(at_);
  const int64_t alignment = gguf_.integer("general.alignment", 32);
  if (alignment < 1 || alignment > kMostAlignment || (alignment & (alignment - 1)) != 0)
    gguf_.fail("general.alignment", str_cat("must be a power of two, is ", alignment));
  const uint64_t begin =
      (at_ + static_cast<uint64_t>(alignment) - 1) & ~(static_cast<uint64_t>(alignment) - 1);
  const uint64_t room = begin < bytes_.size() ? bytes_.size() - begin : 0;
  for (size_t i = 0; i < offsets_.size(); ++i) {
    GgufTensor& tensor = gguf_.tensors_[i];
    int64_t elements = 1;
    for (const int64_t size : tensor.shape) elements *= size;
    const uint64_t size =
        tensor.type ? static_cast<uint64_t>(elements / tensor.type->elements * tensor.type->bytes) : 0;
    if (offsets_[i] % static_cast<uint64_t>(alignment) != 0)
      fail(str_cat("tensor \"", tensor.name, "\": its offset ", offsets_[i], " is no multiple of ",
                   alignment));
    if (offsets_[i] > room || size > room - offsets_[i])
      fail(str_cat("tensor \"", tensor.name, "\": its ", size, " bytes end beyond the file, which has ",
                   bytes_.size(), " bytes: it is damaged or cut short; fetch it again"));
    if (tensor.type) tensor.data = bytes_.subspan(begin + offsets_[i], size);
  }
}

// Else a small file could ask for any amount of work.
void GgufReader::check_overlap() const {
  std::vector<const GgufTensor*> order;
  for (const GgufTensor& tensor : gguf_.tensors_)
    if (tensor.type) order.push_back(&tensor);
  std::sort(order.begin(), order.end(),
            [](const GgufTensor* a, const GgufTensor* b) { return a->data.data() < b->data.data(); });
  for (size_t i = 1; i < order.size(); ++i)
    if (order[i - 1]->data.data() + order[i - 1]->data.size() > order[i]->data.data())
      fail(str_cat("tensors \"", order[i - 1]->name, "\" and \"", order[i]->name, "\" overlap"));
}

Gguf GgufReader::run() {
  read_magic();
  const auto num_tensors = take_number<uint64_t>(), num_keys = take_number<uint64_t>();
  if (num_keys > kMostKeys) fail(str_cat("says it has ", num_keys, " keys; at most ", kMostKeys));
  if (num_tensors > kMostTensors)
    fail(str_cat("says it has ", num_tensors, " tensors; at most ", kMostTensors));
  for (uint64_t i = 0; i < num_keys; ++i) read_value();
  for (uint64_t i = 0; i < num_tensors; ++i) read_tensor();
  place_tensors();
  check_overlap();
  return std::move(gguf_);
}

}  // namespace xlt
