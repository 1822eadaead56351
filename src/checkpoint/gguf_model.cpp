// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/gguf_model.h"

#include "checkpoint/gguf_architecture.h"
#include "checkpoint/gguf_weights.h"

#include <algorithm>

#include "xlt/text/gguf_tokenizer.h"

namespace xlt {

Json GgufModel::config() const { return config_of_gguf(gguf_); }

std::unique_ptr<WeightSource> GgufModel::weights() const { return std::make_unique<GgufWeights>(gguf_); }

std::vector<int64_t> GgufModel::stop_token_ids() const {
  std::vector<int64_t> ids;
  for (const char* key :
       {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}) {
    if (!gguf_.has(key)) continue;
    const int64_t id = gguf_.integer(key);
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  }
  return ids;
}

void GgufModel::write_tokenizer(const fs::path& folder) const { write_gguf_tokenizer(gguf_, folder); }

void GgufModel::write_generation_config(const fs::path& folder) const {
  Json generation = Json::object();
  const Json config = config_of_gguf(gguf_);
  for (const char* key : {"bos_token_id", "pad_token_id"})
    if (config.contains(key)) generation[key] = config.at(key);
  if (const auto ids = stop_token_ids(); ids.size() == 1)
    generation["eos_token_id"] = ids.front();
  else if (!ids.empty())
    generation["eos_token_id"] = ids;
  write_file(folder / "generation_config.json", dump_json(generation, 2) + "\n");
}

std::optional<std::string> GgufModel::header_hash() const {
  const auto header = gguf_.header();
  return sha256({reinterpret_cast<const char*>(header.data()), header.size()});
}

}  // namespace xlt
