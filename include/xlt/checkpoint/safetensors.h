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

namespace xlt {

class MappedFile;

// One file, or all shards named by a `*.safetensors.index.json`. Every header is checked on opening: length
// against the file, dtype known, offsets in range, in order and without overlap or holes, size = Π shape ·
// element size. A fault throws kCheckpoint "file: tensor "name": …". Tensors share the map's memory:
// read-only, valid as long as any tensor lives.
class SafetensorsReader {
 public:
  static SafetensorsReader open(const std::filesystem::path& file_or_index);
  // `model.safetensors` or its index in a checkpoint folder; kCheckpoint saying what is there if neither is.
  static SafetensorsReader open_folder(const std::filesystem::path& folder);

  std::vector<std::string> names() const;  // sorted
  bool has(const std::string& name) const;
  // Throws kCheckpoint with the nearest name if missing. CPU; dtype as stored (F64 F32 F16 BF16 I64 I32 I16
  // I8 U8 BOOL).
  at::Tensor get(const std::string& name) const;
  std::vector<int64_t> shape(const std::string& name) const;
  std::string place(const std::string& name) const;  // the file that holds it
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  struct TensorPlace;
  const TensorPlace& find(const std::string& name) const;
  std::map<std::string, std::shared_ptr<const TensorPlace>> tensors_;
  std::map<std::string, std::string> metadata_;
};

// Writes temp-file-then-rename. Tensors are made contiguous on the CPU one at a time. Order: as given, wider
// element types first, so that every tensor is aligned (other readers view the bytes in place and need that).
void save_safetensors(const std::filesystem::path& file,
                      const std::vector<std::pair<std::string, at::Tensor>>& tensors,
                      const std::map<std::string, std::string>& metadata = {});

}  // namespace xlt
