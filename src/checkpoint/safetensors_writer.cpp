// SPDX-License-Identifier: Apache-2.0
// Writes safetensors files.
#include "checkpoint/header.h"

#include <algorithm>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/checkpoint/safetensors.h"

namespace xlt {

namespace {

std::string length_bytes(uint64_t length) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(length >> (8 * i) & 0xff));
  return bytes;
}

std::string header_of(const std::vector<std::pair<std::string, at::Tensor>>& tensors,
                      const std::map<std::string, std::string>& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  int64_t begin = 0;
  for (const auto& [name, tensor] : tensors) {
    XLT_CHECK(!header.contains(name), "tensor \"", name, "\" is given twice");
    const int64_t end = begin + static_cast<int64_t>(tensor.nbytes());
    header[name] = {{"dtype", safetensors::name_from_dtype(tensor.scalar_type())},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {begin, end}}};
    begin = end;
  }
  std::string text = dump_json(header);
  text.append((8 - text.size() % 8) % 8, ' ');  // so the data start aligned
  return text;
}

}  // namespace

void save_safetensors(const std::filesystem::path& file,
                      const std::vector<std::pair<std::string, at::Tensor>>& tensors,
                      const std::map<std::string, std::string>& metadata) {
  auto ordered = tensors;
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) {
    return a.second.element_size() > b.second.element_size();
  });
  const std::string header = header_of(ordered, metadata);
  AtomicFile out(file);
  out.write(length_bytes(header.size()));
  out.write(header);
  for (const auto& [name, tensor] : ordered) {
    const at::Tensor data = tensor.detach().cpu().contiguous();
    if (data.nbytes() != 0) out.write({static_cast<const char*>(data.const_data_ptr()), data.nbytes()});
  }
  out.commit();
}

}  // namespace xlt
