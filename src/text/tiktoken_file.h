// SPDX-License-Identifier: Apache-2.0
// Llama's tokenizer.model since Llama 3: lines "BASE64 RANK", as tiktoken reads them. What splits a text and
// which special tokens there are stands in Llama's code, so the number of tokens has to tell the version.
#pragma once

#include "text/ranked_vocabulary.h"

#include <filesystem>

namespace xlt {

// By its first line: a SentencePiece model, which goes by the same name, does not begin so.
bool is_tiktoken_file(const std::filesystem::path& file);
// The bytes of its tokens, by rank. Throws kCheckpoint naming file and line.
std::vector<std::string> read_tiktoken_lines(const std::filesystem::path& file);
// The same as a Llama's vocabulary. Throws kCheckpoint too for a number of tokens that is no Llama's.
RankedVocabulary read_tiktoken_file(const std::filesystem::path& file);

}  // namespace xlt
