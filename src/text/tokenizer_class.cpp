// SPDX-License-Identifier: Apache-2.0
#include "text/tokenizer_class.h"

#include <algorithm>

namespace xlt {

namespace {

// Model types for which transformers 5 reads tokenizer.json as it is though it names LlamaTokenizer.
constexpr std::string_view kReadAsIs[] = {
    "arctic",     "fuyu",     "h2ovl_chat", "hyperclovax", "internlm2", "internlm3", "jamba",      "llava",
    "llava_next", "minicpm3", "minicpmv",   "mistral",     "mistral3",  "ministral", "ministral3", "mixtral",
    "nemotron",   "openvla",  "phi3",       "phi3_v",      "phimoe",    "pixtral",   "vipllava",   "voxtral",
};

// A wrong type of `type` is complained of by whoever makes the part.
bool is_type(const Json& part, const char* type) {
  return part.is_object() && part.contains("type") && part["type"] == type;
}

bool has_byte_level(const Json& json) {
  if (is_type(json, "ByteLevel")) return true;
  return json.is_structured() &&
         std::any_of(json.begin(), json.end(), [](const Json& part) { return has_byte_level(part); });
}

}  // namespace

std::string prefix_scheme_of(const TokenizerSettings& settings) {
  if (!settings.add_prefix_space.value_or(true)) return "never";
  return settings.legacy.value_or(false) ? "always" : "first";
}

void set_up_sentence_piece_bpe(Json& tokenizer, const std::string& prefix_scheme) {
  tokenizer["normalizer"] = nullptr;
  tokenizer["pre_tokenizer"] = {
      {"type", "Metaspace"}, {"replacement", "\u2581"}, {"prepend_scheme", prefix_scheme}, {"split", false}};
  Json decoders = Json::array();
  decoders.push_back({{"type", "Replace"}, {"pattern", {{"String", "\u2581"}}}, {"content", " "}});
  decoders.push_back({{"type", "ByteFallback"}});
  decoders.push_back({{"type", "Fuse"}});
  if (prefix_scheme != "never")
    decoders.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  tokenizer["decoder"] = {{"type", "Sequence"}, {"decoders", std::move(decoders)}};
  Json& model = tokenizer["model"];
  model["type"] = "BPE";
  model["fuse_unk"] = true;
  model["byte_fallback"] = true;
  model["unk_token"] = nullptr;
  model["ignore_merges"] = false;
}

void apply_tokenizer_class(TokenizerFile& file, const TokenizerSettings& settings) {
  if (settings.tokenizer_class != "LlamaTokenizer") return;
  if (std::find(std::begin(kReadAsIs), std::end(kReadAsIs), settings.model_type) != std::end(kReadAsIs))
    return;
  for (const char* part : {"pre_tokenizer", "decoder"})
    if (file.rest.contains(part) && has_byte_level(file.rest[part])) return;
  if (!file.rest.contains("model") || !file.rest["model"].is_object()) return;
  const Json& model = file.rest["model"];
  if (!model.contains("type") || is_type(model, "BPE"))
    set_up_sentence_piece_bpe(file.rest, prefix_scheme_of(settings));
}

}  // namespace xlt
