// SPDX-License-Identifier: Apache-2.0
// A GGUF's tokenizer in the terms of tokenizer.json and tokenizer_config.json.
#pragma once

#include "text/tokenizer_file.h"
#include "text/tokenizer_settings.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "xlt/base/gguf.h"
#include "xlt/text/padding.h"

namespace xlt {

struct GgufTokenizer {
  TokenizerFile file;
  TokenizerSettings settings;
  Json config;  // tokenizer_config.json
};
GgufTokenizer read_gguf_tokenizer(const Gguf& gguf);
Padding read_gguf_padding(const Gguf& gguf);
// Whether `model` is a GGUF file and no folder.
bool is_gguf_file(const std::filesystem::path& model);

// Tokens that have names, as Hugging Face calls them, and the keys of their ids.
inline constexpr std::pair<const char*, const char*> kGgufNamedTokens[] = {
    {"bos_token", "tokenizer.ggml.bos_token_id"},
    {"eos_token", "tokenizer.ggml.eos_token_id"},
    {"unk_token", "tokenizer.ggml.unknown_token_id"},
    {"pad_token", "tokenizer.ggml.padding_token_id"}};
// The id at `key`; none where the file does not say. Throws kCheckpoint for one beyond `num_tokens`.
std::optional<int64_t> gguf_token_id(const Gguf& gguf, std::string_view key, size_t num_tokens);
// The named tokens' texts, the variables of chat templates: "bos_token" → "<s>".
std::map<std::string, std::string> gguf_named_tokens(const Gguf& gguf);
// Jinja by name: "default" is tokenizer.chat_template, further ones are listed in tokenizer.chat_templates.
std::map<std::string, std::string> gguf_chat_templates(const Gguf& gguf);

// What `tokenizer.ggml.pre` stands for: how text is cut into words before byte-level BPE.
struct GgufPreTokenizer {
  Json pre_tokenizer;
  Json normalizer;              // null: none
  bool ignores_merges = false;  // a word that is a token is one, whatever the merges say
  bool adds_bos = false;        // where the file does not say
};
// Throws kCheckpoint for an unknown name, listing the known ones. Files without the key, and those that say
// "default", are cut as GPT-2's.
GgufPreTokenizer gguf_pre_tokenizer(const Gguf& gguf);

}  // namespace xlt
