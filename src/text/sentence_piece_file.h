// SPDX-License-Identifier: Apache-2.0
// SentencePiece's tokenizer.model as a file.
#pragma once

#include "text/tokenizer_file.h"
#include "text/tokenizer_settings.h"

#include <filesystem>
#include <memory>
#include <optional>

#include <sentencepiece_processor.h>

namespace xlt {

// Throws kCheckpoint if it is not a SentencePiece model.
std::unique_ptr<sentencepiece::SentencePieceProcessor> load_sentence_piece_processor(
    const std::filesystem::path& file);
// A BPE model in the terms of tokenizer.json, as transformers 5 converts it (so that the ids are its ids,
// also where SentencePiece's own differ: for spaces at the beginning). Nothing for unigram models, and for
// models that normalise characters unless `settings` name LlamaTokenizer, which leaves characters alone.
std::optional<TokenizerFile> read_sentence_piece_bpe(const std::filesystem::path& file,
                                                     const TokenizerSettings& settings,
                                                     const Context& context = {});

}  // namespace xlt
