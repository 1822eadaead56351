// SPDX-License-Identifier: Apache-2.0
// Folders of tiny encoders and encoder-decoders with random weights, norms and biases off 1 and 0, and a
// tokenizer of letters.
#pragma once

#include "models/encoder_decoder_family.h"
#include "models/encoder_family.h"

#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/checkpoint/safetensors.h"

namespace xlt {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

inline NamedTensors draw_weights(WeightedModel& model, uint64_t seed) {
  at::manual_seed(seed);
  NamedTensors tensors;
  for (const NamedParameter& parameter : model.parameters()) {
    at::Tensor tensor = at::randn(parameter.tensor->sizes()) * 0.3;
    if (parameter.role == TensorRole::kNorm) tensor = tensor + 1;
    tensors.emplace_back(parameter.name, tensor);
  }
  return tensors;
}

// 20 tokens a text at most; 2 layers of 16.
inline Json encoder_config(const std::string& model_type, const std::string& changes = "{}") {
  Json json = Json::parse(R"({"vocab_size":31,"hidden_size":16,"intermediate_size":24,"num_hidden_layers":2,
    "num_attention_heads":2,"max_position_embeddings":20,"type_vocab_size":1,"hidden_act":"gelu","pad_token_id":1})");
  json["model_type"] = model_type;
  if (model_type == "roberta" || model_type == "xlm-roberta") json["max_position_embeddings"] = 22;
  if (model_type == "deberta-v2")
    json.update(Json::parse(R"({"relative_attention":true,"share_att_key":true,"pos_att_type":["p2c","c2p"],
      "position_buckets":4,"norm_rel_ebd":"layer_norm","position_biased_input":false,"type_vocab_size":0})"));
  json.update(Json::parse(changes));
  return json;
}

// With `num_labels` a sequence classifier's, else the encoder's alone, as transformers names either.
inline NamedTensors write_encoder(const std::filesystem::path& folder, const Json& config,
                                  int64_t num_labels) {
  auto encoder = find_encoder(config.at("model_type"))(ConfigReader(config, "config.json", 100));
  if (num_labels > 0) encoder->add_head(num_labels);
  NamedTensors tensors = draw_weights(*encoder, 3);
  write_file(folder / "config.json", dump_json(config));
  save_safetensors(folder / "model.safetensors", tensors);
  return tensors;
}

inline Json t5_config(const std::string& model_type = "t5", const std::string& changes = "{}") {
  Json json = Json::parse(R"({"vocab_size":30,"d_model":16,"d_kv":8,"d_ff":24,"num_layers":2,"num_heads":2,
    "num_decoder_layers":3,"relative_attention_num_buckets":8,"relative_attention_max_distance":12,
    "feed_forward_proj":"gated-gelu","pad_token_id":1,"decoder_start_token_id":1})");
  json["model_type"] = model_type;
  json.update(Json::parse(changes));
  return json;
}

inline NamedTensors write_t5(const std::filesystem::path& folder, const Json& config) {
  const bool is_mt5 = config.at("model_type") == "mt5";
  auto model = (is_mt5 ? make_mt5 : make_t5)(ConfigReader(config, "config.json", 100));
  NamedTensors tensors = draw_weights(*model, 4);
  write_file(folder / "config.json", dump_json(config));
  save_safetensors(folder / "model.safetensors", tensors);
  return tensors;
}

// <s> 0, <pad> 1, </s> 2, space 3, letters 4 … 29; a text stands between <s> and </s>, or before </s> only.
inline void write_letter_tokenizer(const std::filesystem::path& folder, bool with_start = true) {
  Json vocab = {{"<s>", 0}, {"<pad>", 1}, {"</s>", 2}, {"\xC4\xA0", 3}};
  for (char c = 'a'; c <= 'z'; ++c) vocab[std::string(1, c)] = vocab.size();
  Json added = Json::array();
  for (const char* token : {"<s>", "<pad>", "</s>"})
    added.push_back({{"id", vocab[token]},
                     {"content", token},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
  const auto special = [](const char* token) {
    return Json{{"SpecialToken", {{"id", token}, {"type_id", 0}}}};
  };
  Json single = Json::array({Json{{"Sequence", {{"id", "A"}, {"type_id", 0}}}}, special("</s>")});
  if (with_start) single.insert(single.begin(), special("<s>"));
  const Json byte_level = {
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}};
  const Json ids = {{"<s>", {{"id", "<s>"}, {"ids", {0}}, {"tokens", {"<s>"}}}},
                    {"</s>", {{"id", "</s>"}, {"ids", {2}}, {"tokens", {"</s>"}}}}};
  write_file(
      folder / "tokenizer.json",
      dump_json(
          {{"version", "1.0"},
           {"added_tokens", added},
           {"normalizer", nullptr},
           {"pre_tokenizer", byte_level},
           {"post_processor",
            {{"type", "TemplateProcessing"}, {"single", single}, {"pair", single}, {"special_tokens", ids}}},
           {"decoder", byte_level},
           {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", Json::array()}}}}));
}

}  // namespace xlt
