// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/gguf_weights.h"

#include "checkpoint/gguf_architecture.h"

#include <algorithm>
#include <cstring>
#include <set>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include "xlt/base/error.h"
#include "xlt/base/join.h"
#include "xlt/base/registry.h"  // nearest_name
#include "xlt/ops/matmul/gguf.h"

namespace xlt {

namespace {

constexpr std::string_view kDivisors = "rope_freqs.weight";  // constants, which the config tells

at::ScalarType scalar_type_of(const GgufType& type) {
  const std::string_view name = type.name;
  return name == "F16" ? at::kHalf : name == "BF16" ? at::kBFloat16 : at::kFloat;
}

// Row r of a head as Hugging Face has it, by halves, is this row of the file's, by pairs of neighbours.
int64_t stored_row(int64_t row, int64_t rows, int64_t heads) {
  if (heads == 0) return row;
  const int64_t size = rows / heads, in_head = row % size, half = size / 2;
  return row - in_head + in_head % half * 2 + in_head / half;
}

void refuse_types(const Gguf& gguf) {
  std::set<std::string> types;
  size_t count = 0;
  for (const GgufTensor& tensor : gguf.tensors())
    if (!tensor.type && tensor.name != kDivisors) {
      types.insert(tensor.type_name);
      ++count;
    }
  if (count == 0) return;
  throw Error(ErrorKind::kCheckpoint,
              str_cat(count, " tensors are of types that are not read (", join(types), "); those that are: ",
                      join(gguf_types(), ", ", &GgufType::name), ". Take the model in another quantisation"),
              gguf.place());
}

}  // namespace

GgufWeights::GgufWeights(Gguf gguf) : gguf_(std::move(gguf)) {
  const GgufArchitecture& architecture = architecture_of(gguf_);
  refuse_types(gguf_);
  if (architecture.pairs_neighbours) {
    const std::string prefix = str_cat(architecture.name, ".attention.");
    query_heads_ = gguf_.integer(prefix + "head_count");
    key_heads_ = gguf_.integer(prefix + "head_count_kv", query_heads_);
  }
  for (const GgufTensor& tensor : gguf_.tensors()) {
    if (tensor.name == kDivisors) continue;
    const std::string name = hugging_face_name(architecture, tensor.name).value_or(tensor.name);
    Entry entry = entry_of(name, tensor);
    entry.is_one_more = architecture.adds_one && name.ends_with("norm.weight");
    if (!entries_.emplace(name, entry).second)
      throw Error(ErrorKind::kCheckpoint, str_cat("two tensors are called \"", name, "\""), gguf_.place());
  }
}

GgufWeights::Entry GgufWeights::entry_of(const std::string& name, const GgufTensor& tensor) const {
  Entry entry{&tensor};
  if (name.find(".self_attn.q_proj.") != std::string::npos) entry.heads = query_heads_;
  if (name.find(".self_attn.k_proj.") != std::string::npos) entry.heads = key_heads_;
  if (entry.heads != 0 &&
      (entry.heads < 0 || tensor.shape[0] % entry.heads != 0 || tensor.shape[0] / entry.heads % 2 != 0))
    throw Error(ErrorKind::kCheckpoint,
                str_cat("tensor \"", tensor.name, "\": ", tensor.shape[0], " rows are no ", entry.heads,
                        " heads of an even size"),
                gguf_.place());
  return entry;
}

std::vector<std::string> GgufWeights::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

const GgufWeights::Entry& GgufWeights::find(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found != entries_.end()) return found->second;
  const std::string near = nearest_name(name, names());
  throw Error(ErrorKind::kCheckpoint,
              str_cat("no tensor \"", name, "\" among ", entries_.size(),
                      near.empty() ? "" : str_cat("; nearest: \"", near, "\"")),
              gguf_.place());
}

std::vector<int64_t> GgufWeights::shape(const std::string& name) const { return find(name).tensor->shape; }
std::string GgufWeights::dtype(const std::string& name) const { return find(name).tensor->type_name; }
std::string GgufWeights::place(const std::string&) const { return gguf_.place(); }

// As it lies in the file; of a type that libtorch knows too.
at::Tensor GgufWeights::stored(const GgufTensor& tensor) const {
  const auto options = at::TensorOptions().dtype(scalar_type_of(*tensor.type));
  const bool is_aligned =
      reinterpret_cast<uintptr_t>(tensor.data.data()) % static_cast<uintptr_t>(tensor.type->bytes) == 0;
  if (is_aligned && gguf_.map())
    return at::from_blob(
        const_cast<std::byte*>(tensor.data.data()), tensor.shape, [map = gguf_.map()](void*) {}, options);
  at::Tensor copy = at::empty(tensor.shape, options);
  std::memcpy(copy.mutable_data_ptr(), tensor.data.data(), tensor.data.size());
  return copy;
}

at::Tensor GgufWeights::get(const std::string& name) const {
  const Entry& entry = find(name);
  const GgufTensor& tensor = *entry.tensor;
  const GgufType& type = *tensor.type;
  if (type.elements == 1 && entry.heads == 0 && !entry.is_one_more) return stored(tensor);
  at::Tensor out = at::empty(tensor.shape, at::kFloat);
  const int64_t columns = tensor.shape.back(), rows = out.numel() / columns, blocks = columns / type.elements;
  // A vector permutes as rows of one element do.
  const bool is_vector = tensor.shape.size() == 1;
  const int64_t units = is_vector && entry.heads != 0 ? columns : rows;
  const int64_t blocks_a_unit = units == rows ? blocks : 1, size = out.numel() / units;
  if (units != rows && type.elements != 1)
    throw Error(ErrorKind::kCheckpoint, str_cat("tensor \"", tensor.name, "\" is a vector in blocks"),
                gguf_.place());
  float* data = out.mutable_data_ptr<float>();
  at::parallel_for(0, units, std::max<int64_t>(1, 65536 / size), [&](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t from = stored_row(unit, units, entry.heads);
      ops::dequantize_blocks(type, tensor.data.data() + from * blocks_a_unit * type.bytes, blocks_a_unit,
                             data + unit * size);
    }
  });
  if (entry.is_one_more) out.sub_(1);
  // In what it was stored; a norm stays exact.
  return type.elements == 1 && !entry.is_one_more ? out.to(scalar_type_of(type)) : out;
}

at::Tensor GgufWeights::blocks(const std::string& name) const {
  const Entry& entry = find(name);
  const GgufTensor& tensor = *entry.tensor;
  const GgufType& type = *tensor.type;
  if (type.elements == 1 || tensor.shape.size() != 2 || entry.is_one_more) return {};
  const int64_t rows = tensor.shape[0], blocks = tensor.shape[1] / type.elements;
  const std::vector<int64_t> sizes = {rows, blocks, type.bytes};
  if (entry.heads == 0 && gguf_.map())
    return at::from_blob(
        const_cast<std::byte*>(tensor.data.data()), sizes, [map = gguf_.map()](void*) {}, at::kByte);
  at::Tensor copy = at::empty(sizes, at::kByte);
  auto* to = static_cast<std::byte*>(copy.mutable_data_ptr());
  const auto row_bytes = static_cast<size_t>(blocks * type.bytes);
  for (int64_t row = 0; row < rows; ++row)
    std::memcpy(to + static_cast<size_t>(row) * row_bytes,
                tensor.data.data() + static_cast<size_t>(stored_row(row, rows, entry.heads)) * row_bytes,
                row_bytes);
  return copy;
}

}  // namespace xlt
