// SPDX-License-Identifier: Apache-2.0
// Weights on disk, whatever the format: names, shapes and dtypes without reading data, and one tensor at a
// time.
//
//   std::unique_ptr<WeightSource> weights = open_model_source("models/llama")->weights();
//   if (weights->has("lm_head.weight")) at::Tensor head = weights->get("lm_head.weight");
//
// A format whose own names differ gives Hugging Face's names here. Reading is thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "xlt/ops/matmul/nf4.h"

namespace xlt {

class WeightSource {
 public:
  virtual ~WeightSource() = default;
  virtual std::vector<std::string> names() const = 0;  // sorted
  virtual bool has(const std::string& name) const = 0;
  // The four below throw kCheckpoint with the nearest name where there is no such tensor.
  virtual std::vector<int64_t> shape(const std::string& name) const = 0;
  virtual std::string dtype(const std::string& name) const = 0;  // as the format writes it: "BF16"
  virtual std::string place(const std::string& name) const = 0;  // the file that holds it
  // On the CPU; may share a read-only memory map, which lives as long as any of its tensors. Values, unless
  // block_bytes() says otherwise.
  virtual at::Tensor get(const std::string& name) const = 0;
  // The matrix in blocks (ops/matmul/gguf.h), rows as Hugging Face orders them, where the file has it so;
  // else undefined.
  virtual at::Tensor blocks(const std::string& /*name*/) const { return {}; }
  // Of what get() gives where that is in blocks, as whoever opened the source wants it (quantized_source.h);
  // else 0.
  virtual int64_t block_bytes(const std::string& /*name*/) const { return 0; }
  // Whether the matrix is to be held in NF4: it is stored in it (`shape` and `get` are then of what it stands
  // for, [out, in] whatever layout the family has), or whoever opened the source wants it so
  // (quantized_source.h).
  virtual bool holds_nf4(const std::string& /*name*/) const { return false; }
  // The matrix in NF4, on the CPU, where it is to be held so. `is_transposed`: it is stored as [in, out].
  virtual std::optional<ops::Nf4Weight> nf4(const std::string& /*name*/, bool /*is_transposed*/) const {
    return std::nullopt;
  }
};

}  // namespace xlt
