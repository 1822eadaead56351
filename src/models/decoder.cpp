// SPDX-License-Identifier: Apache-2.0
// What every decoder adds to its layers: the head's options, the cache.
#include "xlt/models/decoder.h"

#include <ATen/core/Tensor.h>

#include "xlt/base/json.h"
#include "xlt/nn/kv_cache.h"
#include "xlt/ops/head/token_logps.h"
#include "xlt/ops/scalar_type.h"

namespace xlt {

at::Tensor Decoder::forward(const TokenBatch& batch, KvCache* cache, const Rows& rows) const {
  return run_layers(batch, cache, rows);
}

ops::HeadOptions Decoder::head_options() const {
  ops::HeadOptions options;
  options.logit_scale = config_.logit_scale;
  options.softcap = config_.final_logit_softcapping;
  // A GPU multiplies as fast as it reads the weight only from some 500 rows on: up to a gibibyte of logits.
  if (placement().is_cuda)
    options.chunk_rows = std::max(options.chunk_rows, (int64_t{1} << 28) / config_.vocab_size);
  return options;
}

std::unique_ptr<KvCache> Decoder::make_cache(int64_t capacity) const {
  std::vector<at::TensorOptions> layers;
  for (int64_t i = 0; i < config_.num_hidden_layers; ++i) layers.push_back(tensor_options(placement_of(i)));
  return std::make_unique<KvCache>(layers, capacity, config_.num_key_value_heads, config_.head_dim);
}

void Decoder::update_config(Json& config) const {
  // Of a wrapper only the language model is kept, with the tokens that the wrapper names.
  if (config.contains("text_config")) {
    Json text = config["text_config"];
    for (const char* key : {"bos_token_id", "eos_token_id", "pad_token_id"})
      if (config.contains(key) && !text.contains(key)) text[key] = config[key];
    text["model_type"] = config_.model_type;
    config = std::move(text);
  }
  config["vocab_size"] = config_.vocab_size;
  config["tie_word_embeddings"] = config_.tie_word_embeddings;
}

// A tied head that is stored all the same.
bool Decoder::ignores(const std::string& stored_name) const {
  return config_.tie_word_embeddings && stored_name.ends_with(head_name());
}

}  // namespace xlt
