// SPDX-License-Identifier: Apache-2.0
// Trains a tokenizer, by the library that also runs it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace xlt {

// SentencePiece's BPE with byte fallback on `lines`, as FOLDER/tokenizer.model: ids 0 unknown, 1 BOS, 2 EOS;
// texts are taken as they stand. The same lines give the same file. Throws kConfig where the text is too
// small for so many pieces, naming what would do, kIo.
void train_tokenizer(const std::vector<std::string>& lines, int64_t vocab_size,
                     const std::filesystem::path& folder);

}  // namespace xlt
