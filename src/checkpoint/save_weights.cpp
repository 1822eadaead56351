// SPDX-License-Identifier: Apache-2.0
// A shard is read, written and let go before the next one is begun.
#include "xlt/checkpoint/save_weights.h"

#include <cstdio>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/checkpoint/safetensors.h"
#include "xlt/checkpoint/weight_source.h"

namespace xlt {

namespace {

at::ScalarType scalar_type_of(DType dtype) {
  return dtype == DType::kFloat32 ? at::kFloat : dtype == DType::kFloat16 ? at::kHalf : at::kBFloat16;
}

using Shard = std::vector<std::string>;  // names of its tensors

std::vector<Shard> plan_shards(const WeightSource& source, int64_t element_bytes, int64_t shard_bytes) {
  std::vector<Shard> shards(1);
  int64_t bytes = 0;
  for (const std::string& name : source.names()) {
    const auto shape = source.shape(name);
    const int64_t size = std::accumulate(shape.begin(), shape.end(), element_bytes, std::multiplies<>());
    if (bytes > 0 && bytes + size > shard_bytes) {
      shards.emplace_back();
      bytes = 0;
    }
    shards.back().push_back(name);
    bytes += size;
  }
  return shards;
}

std::string shard_name(size_t index, size_t count) {
  if (count == 1) return "model.safetensors";
  char name[64];
  std::snprintf(name, sizeof name, "model-%05zu-of-%05zu.safetensors", index + 1, count);
  return name;
}

}  // namespace

void save_weights(const WeightSource& source, DType dtype, const std::filesystem::path& folder,
                  const Context& context, int64_t shard_bytes) {
  const at::ScalarType type = scalar_type_of(dtype);
  const auto shards = plan_shards(source, static_cast<int64_t>(c10::elementSize(type)), shard_bytes);
  Json map = Json::object();
  int64_t total = 0;
  Progress progress = context.progress("converting", static_cast<int64_t>(source.names().size()), "tensors");
  for (size_t i = 0; i < shards.size(); ++i) {
    std::vector<std::pair<std::string, at::Tensor>> tensors;
    for (const std::string& name : shards[i]) {
      context.throw_if_interrupted();
      const at::Tensor tensor = source.get(name);
      tensors.emplace_back(name, tensor.is_floating_point() ? tensor.to(type) : tensor);
      total += static_cast<int64_t>(tensors.back().second.nbytes());
      map[name] = shard_name(i, shards.size());
      progress.advance(1);
    }
    save_safetensors(folder / shard_name(i, shards.size()), tensors, {{"format", "pt"}});
  }
  if (shards.size() == 1) return;
  const Json index = {{"metadata", {{"total_size", total}}}, {"weight_map", std::move(map)}};
  write_file(folder / "model.safetensors.index.json", dump_json(index, 2) + "\n");
}

}  // namespace xlt
