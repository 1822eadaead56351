// SPDX-License-Identifier: Apache-2.0
// safetensors files, memory-mapped on reading. Format: u64 little-endian header length, JSON header
// {name: {dtype, shape, data_offsets}}, data.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "xlt/checkpoint/weight_source.h"

namespace xlt {

class MappedFile;

// One file, or all shards named by a `*.safetensors.index.json`. Every header is checked on opening: length
// against the file, dtype known, offsets in range, in order and without overlap or holes, size = Π shape ·
// element size. A fault throws kCheckpoint "file: tensor "name": …". Tensors share the map's memory:
// read-only, valid as long as any tensor lives.
class SafetensorsReader : public WeightSource {
 public:
  static SafetensorsReader open(const std::filesystem::path& file_or_index);

  std::vector<std::string> names() const override;
  bool has(const std::string& name) const override;
  // dtype as stored: F64 F32 F16 BF16 I64 I32 I16 I8 U8 BOOL.
  at::Tensor get(const std::string& name) const override;
  std::vector<int64_t> shape(const std::string& name) const override;
  std::string dtype(const std::string& name) const override;
  std::string place(const std::string& name) const override;
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  struct TensorPlace;
  const TensorPlace& find(const std::string& name) const;
  std::map<std::string, std::shared_ptr<const TensorPlace>> tensors_;
  std::map<std::string, std::string> metadata_;
};

// Tensor names of a `*.safetensors.index.json` by the shard that holds them. Throws kCheckpoint.
std::map<std::string, std::vector<std::string>> read_shard_index(const std::filesystem::path& index);

// Writes temp-file-then-rename. Tensors are made contiguous on the CPU one at a time. Order: as given, wider
// element types first, so that every tensor is aligned (other readers view the bytes in place and need that).
void save_safetensors(const std::filesystem::path& file,
                      const std::vector<std::pair<std::string, at::Tensor>>& tensors,
                      const std::map<std::string, std::string>& metadata = {});

}  // namespace xlt
