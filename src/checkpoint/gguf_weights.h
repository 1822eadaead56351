// SPDX-License-Identifier: Apache-2.0
// The tensors of a GGUF file under Hugging Face's names and as Hugging Face stores them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "xlt/base/gguf.h"
#include "xlt/checkpoint/weight_source.h"

namespace xlt {

// Floating-point tensors share the memory map; those in blocks become float32, exactly as their blocks say,
// or as blocks() stay in the map, but for Llama's queries and keys, which are copied row by row into order. A
// tensor without a counterpart keeps its own name, so that loading reports it.
class GgufWeights : public WeightSource {
 public:
  // Throws kCheckpoint: an architecture or tensor types that are not read, heads that do not divide a matrix.
  explicit GgufWeights(Gguf gguf);

  std::vector<std::string> names() const override;
  bool has(const std::string& name) const override { return entries_.contains(name); }
  std::vector<int64_t> shape(const std::string& name) const override;
  std::string dtype(const std::string& name) const override;  // "Q4_K"
  std::string place(const std::string& name) const override;
  at::Tensor get(const std::string& name) const override;
  at::Tensor blocks(const std::string& name) const override;

 private:
  struct Entry {
    const GgufTensor* tensor = nullptr;
    int64_t heads = 0;         // of rows that lie in pairs of neighbours; 0: as they should
    bool is_one_more = false;  // than what Hugging Face stores
  };
  Entry entry_of(const std::string& name, const GgufTensor& tensor) const;
  const Entry& find(const std::string& name) const;
  at::Tensor stored(const GgufTensor& tensor) const;

  Gguf gguf_;
  std::map<std::string, Entry> entries_;
  int64_t query_heads_ = 0, key_heads_ = 0;  // 0: of an architecture whose rows lie as they should
};

}  // namespace xlt
