// SPDX-License-Identifier: Apache-2.0
#include "run/model_hash.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/checkpoint/weight_source.h"

namespace xlt {

namespace {

constexpr int64_t kBlockBytes = 4096;

// Says how the pages under [data, data + size) will be read. No more than a hint: of what it is refused for,
// nothing depends on it.
void advise(const char* data, int64_t size, int advice) {
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const uintptr_t begin = reinterpret_cast<uintptr_t>(data) / page * page;
  ::madvise(reinterpret_cast<void*>(begin), reinterpret_cast<uintptr_t>(data) + size - begin, advice);
}

// First, middle and last block, or the whole of a small tensor.
std::string sample_of(const at::Tensor& tensor) {
  const at::Tensor whole = tensor.contiguous();
  const auto size = static_cast<int64_t>(whole.nbytes());
  const auto* bytes = static_cast<const char*>(whole.const_data_ptr());
  if (size <= 3 * kBlockBytes) return std::string(bytes, static_cast<size_t>(size));
  std::string sample;
  for (const int64_t begin : {int64_t{0}, (size - kBlockBytes) / 2, size - kBlockBytes}) {
    // Else megabytes are read ahead of every block: of a model of 16 GB, nearly all of it.
    advise(bytes + begin, kBlockBytes, MADV_RANDOM);
    sample.append(bytes + begin, kBlockBytes);
    advise(bytes + begin, kBlockBytes, MADV_NORMAL);
  }
  return sample;
}

Json files_json(std::vector<std::filesystem::path> files) {
  std::sort(files.begin(), files.end());
  Json json = Json::object();
  for (const auto& file : files) json[file.filename().string()] = sha256_of_file(file);
  return json;
}

Json weights_json(const ModelSource& source) {
  const auto weights = source.weights();
  Json tensors = Json::object();
  // Names differ; to look for each among those before it would cost the square of their number.
  for (const std::string& name : weights->names())
    tensors.get_ref<Json::object_t&>().emplace_back(
        name, Json{weights->dtype(name), weights->shape(name), sha256(sample_of(weights->get(name)))});
  return tensors;
}

}  // namespace

std::string hash_of_weights(const std::filesystem::path& model) {
  return sha256(dump_json(weights_json(*open_model_source(model))));
}

std::string hash_of_model(const std::filesystem::path& model) {
  const auto source = open_model_source(model);
  Json json{{"files", files_json(source->small_files())}};
  if (const auto header = source->header_hash()) json["header"] = *header;
  Json tensors = weights_json(*source);
  if (!tensors.empty()) json["weights"] = std::move(tensors);
  return sha256(dump_json(json));
}

std::string hash_of_adapter(const std::filesystem::path& adapter) {
  return adapter.empty() ? "" : sha256(dump_json(files_json(adapter_files(adapter))));
}

}  // namespace xlt
