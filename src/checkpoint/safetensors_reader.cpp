// SPDX-License-Identifier: Apache-2.0
// safetensors files and shard indices on a memory map.
#include "checkpoint/header.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/base/json_members.h"
#include "xlt/base/registry.h"  // nearest_name
#include "xlt/checkpoint/safetensors.h"

namespace xlt {

struct SafetensorsReader::TensorPlace {
  std::shared_ptr<const MappedFile> map;
  safetensors::TensorEntry entry;
};

namespace {

namespace fs = std::filesystem;

struct OpenFile {
  std::shared_ptr<const MappedFile> map;
  safetensors::Header header;
};

OpenFile open_file(const fs::path& file) {
  auto map = std::make_shared<const MappedFile>(file);
  auto header = safetensors::parse_header(map->bytes(), file);
  return {std::move(map), std::move(header)};
}

}  // namespace

std::map<std::string, std::vector<std::string>> read_shard_index(const fs::path& index) {
  const Json json = load_json(index, ErrorKind::kCheckpoint);
  const JsonView weight_map = JsonView(json, index.string(), ErrorKind::kCheckpoint).at("weight_map");
  std::map<std::string, std::vector<std::string>> shards;
  for_each_member(weight_map, index.string(), ErrorKind::kCheckpoint, "weight_map",
                  [&](const std::string& name, const JsonView& value) {
                    const std::string shard = value.as_string();
                    const fs::path path = shard;
                    // An index that named itself would be read for ever.
                    if (shard.empty() || path.filename() != shard || path.extension() == ".json")
                      value.fail(str_cat("\"", shard, "\" is not the name of a file beside the index"));
                    shards[shard].push_back(name);
                  });
  if (shards.empty()) weight_map.fail("names no tensors");
  return shards;
}

SafetensorsReader SafetensorsReader::open(const fs::path& file_or_index) {
  SafetensorsReader reader;
  if (file_or_index.extension() != ".json") {
    OpenFile file = open_file(file_or_index);
    for (auto& entry : file.header.tensors) {
      std::string name = entry.name;
      reader.tensors_[name] = std::make_shared<const TensorPlace>(TensorPlace{file.map, std::move(entry)});
    }
    reader.metadata_ = std::move(file.header.metadata);
    return reader;
  }
  for (const auto& [shard, names] : read_shard_index(file_or_index)) {
    const fs::path shard_path = file_or_index.parent_path() / shard;
    if (!fs::exists(shard_path))
      throw Error(
          ErrorKind::kCheckpoint,
          str_cat("names the shard \"", shard, "\", which is not there; the checkpoint is incomplete"),
          file_or_index.string());
    const SafetensorsReader one = open(shard_path);
    for (const auto& name : names) {
      const auto found = one.tensors_.find(name);
      if (found == one.tensors_.end())
        throw Error(ErrorKind::kCheckpoint,
                    str_cat("says \"", shard, "\" holds tensor \"", name, "\", but it does not"),
                    file_or_index.string());
      reader.tensors_[name] = found->second;
    }
    reader.metadata_.insert(one.metadata_.begin(), one.metadata_.end());
  }
  return reader;
}

std::vector<std::string> SafetensorsReader::names() const {
  std::vector<std::string> names;
  for (const auto& [name, place] : tensors_) names.push_back(name);
  return names;
}

bool SafetensorsReader::has(const std::string& name) const { return tensors_.contains(name); }

const SafetensorsReader::TensorPlace& SafetensorsReader::find(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found != tensors_.end()) return *found->second;
  const std::string near = nearest_name(name, names());
  const std::string files = tensors_.empty() ? "" : tensors_.begin()->second->map->path().string();
  throw Error(ErrorKind::kCheckpoint,
              str_cat("no tensor \"", name, "\" among ", tensors_.size(),
                      near.empty() ? "" : str_cat("; nearest: \"", near, "\"")),
              files);
}

std::vector<int64_t> SafetensorsReader::shape(const std::string& name) const {
  return find(name).entry.shape;
}
std::string SafetensorsReader::dtype(const std::string& name) const {
  return safetensors::name_from_dtype(find(name).entry.dtype);
}
std::string SafetensorsReader::place(const std::string& name) const {
  return find(name).map->path().string();
}

at::Tensor SafetensorsReader::get(const std::string& name) const {
  const TensorPlace& place = find(name);
  const auto& entry = place.entry;
  const auto options = at::TensorOptions().dtype(entry.dtype);
  const std::byte* data = place.map->bytes().data() + entry.begin;
  const size_t bytes = static_cast<size_t>(entry.end - entry.begin);
  if (bytes == 0 || reinterpret_cast<uintptr_t>(data) % c10::elementSize(entry.dtype) != 0) {
    // The format does not promise alignment; a misaligned tensor cannot be read in place.
    at::Tensor copy = at::empty(entry.shape, options);
    if (bytes != 0) std::memcpy(copy.mutable_data_ptr(), data, bytes);
    return copy;
  }
  // ATen has no read-only tensors: the map is protected by the operating system instead.
  void* address = const_cast<std::byte*>(data);
  return at::from_blob(
      address, entry.shape, [map = place.map](void*) {}, options);
}

}  // namespace xlt
