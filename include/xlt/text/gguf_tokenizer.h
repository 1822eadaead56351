// SPDX-License-Identifier: Apache-2.0
// The tokenizer inside a GGUF file, by the file's own keys (tokenizer.ggml.*, tokenizer.chat_template).
// load_tokenizer opens one by the file's path.
#pragma once

#include <filesystem>

#include "xlt/base/gguf.h"

namespace xlt {

// As Hugging Face keeps tokenizers: tokenizer.json, tokenizer_config.json and the file's chat
// templates (chat_template.jinja, additional_chat_templates), into `folder`, which exists. Throws kCheckpoint
// as load_tokenizer does: a tokenizer model or a `pre` that is not known, naming those that are; ids, scores
// or tokens that make no sense.
void write_gguf_tokenizer(const Gguf& gguf, const std::filesystem::path& folder);

}  // namespace xlt
