// SPDX-License-Identifier: Apache-2.0
// When a GGUF file's matrices stay in its blocks. Widening them costs time where few rows are multiplied, so
// they do by request, or where there would be no other way.
#include <algorithm>
#include <fstream>
#include <functional>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include <c10/core/ScalarType.h>

#include "xlt/checkpoint/model_source.h"
#include "xlt/checkpoint/weight_source.h"
#include "xlt/lm/quantized.h"
#include "xlt/ops/matmul/gguf.h"
#include "xlt/ops/scalar_type.h"

namespace xlt {

namespace {

constexpr int64_t kUnknown = std::numeric_limits<int64_t>::max();

int64_t free_memory() {
  int64_t bytes = kUnknown;
  std::ifstream meminfo("/proc/meminfo");
  for (std::string key, unit; meminfo >> key;) {
    int64_t kib = 0;
    if (key == "MemAvailable:" && meminfo >> kib) bytes = kib * 1024;
  }
  // A container's own limit; "max" where it has none.
  int64_t most = 0;
  if (std::ifstream("/sys/fs/cgroup/memory.max") >> most) bytes = std::min(bytes, most);
  return bytes;
}

// Of all that the file holds: what is wrong with it, its loader says.
int64_t bytes_of_values(const std::filesystem::path& model, const Placement& where) {
  const auto weights = open_model_source(model)->weights();
  int64_t values = 0;
  for (const std::string& name : weights->names()) {
    const std::vector<int64_t> shape = weights->shape(name);
    values += std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
  }
  return values * static_cast<int64_t>(c10::elementSize(scalar_type(where.dtype)));
}

}  // namespace

std::string held_as(const std::string& quantize, const std::filesystem::path& model, const Placement& where) {
  if (quantize == "nf4") return quantize;
  const bool multiplies_blocks = !where.is_cuda && ops::multiplies_gguf(scalar_type(where.dtype));
  if (!multiplies_blocks || model.extension() != ".gguf") return "none";
  return quantize == "stored" || bytes_of_values(model, where) > free_memory() ? "stored" : "none";
}

}  // namespace xlt
