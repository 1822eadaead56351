// SPDX-License-Identifier: Apache-2.0
// When a GGUF file's matrices stay in its blocks. Widening them costs time where few rows are multiplied, so
// they do by request, or where there would be no other way.
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include <c10/core/ScalarType.h>

#include "xlt/base/error.h"
#include "xlt/base/memory.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/checkpoint/weight_source.h"
#include "xlt/lm/quantized.h"
#include "xlt/ops/matmul/gguf.h"
#include "xlt/ops/scalar_type.h"

namespace xlt {

namespace {

constexpr const char* kStored = "stored";

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

bool is_gguf(const std::filesystem::path& model) { return model.extension() == ".gguf"; }

}  // namespace

void check_quantize(const std::string& quantize, const std::filesystem::path& model) {
  if (quantize != kStored || is_gguf(model)) return;
  throw Error(
      ErrorKind::kUsage,
      str_cat("stored keeps the blocks of a .gguf file as they are, and ", model.string(),
              " is none; leave it out, or give nf4, which holds the weights of any decoder in 4 bits"),
      "--quantize");
}

bool can_keep_blocks(const std::filesystem::path& model, const Placement& where) {
  return is_gguf(model) && !where.is_cuda && ops::multiplies_gguf(scalar_type(where.dtype));
}

std::string held_as(const std::string& quantize, const std::filesystem::path& model, const Placement& where) {
  if (quantize == "nf4") return quantize;
  check_quantize(quantize, model);
  const bool is_asked = quantize == kStored;
  if (!can_keep_blocks(model, where)) {
    if (!is_asked) return "none";
    throw Error(
        ErrorKind::kUsage,
        str_cat("stored multiplies by a .gguf file's blocks on a CPU, and this would be ", name_of(where),
                " in ", name_of(where.dtype), "; leave it out, or give --device cpu --dtype float32"),
        "--quantize");
  }
  const auto memory = machine_memory();
  return is_asked || (memory && bytes_of_values(model, where) > memory->available) ? kStored : "none";
}

}  // namespace xlt
