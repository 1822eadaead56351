// SPDX-License-Identifier: Apache-2.0
// Mistral's tekken.json.
#pragma once

#include "text/ranked_vocabulary.h"

#include <filesystem>

namespace xlt {

// {"config": {"pattern", "default_vocab_size", "default_num_special_tokens"}, "vocab": [{"rank",
// "token_bytes"}], "special_tokens": [{"rank", "token_str"}]}: special tokens have the first ids. Throws
// kCheckpoint naming file and JSON path.
RankedVocabulary read_tekken_file(const std::filesystem::path& file);

}  // namespace xlt
