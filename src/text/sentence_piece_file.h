// SPDX-License-Identifier: Apache-2.0
// SentencePiece's tokenizer.model as a file.
#pragma once

#include <filesystem>
#include <memory>

#include <sentencepiece_processor.h>

namespace xlt {

// Throws kCheckpoint if it is not a SentencePiece model.
std::unique_ptr<sentencepiece::SentencePieceProcessor> load_sentence_piece_processor(
    const std::filesystem::path& file);

}  // namespace xlt
