// SPDX-License-Identifier: Apache-2.0
// A GGUF's tokenizer in the terms of tokenizer.json and tokenizer_config.json.
#pragma once

#include "text/tokenizer_file.h"
#include "text/tokenizer_settings.h"

#include <filesystem>
#include <string>

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
