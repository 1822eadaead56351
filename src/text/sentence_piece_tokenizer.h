// SPDX-License-Identifier: Apache-2.0
// SentencePiece's own encoder (Kudo & Richardson 2018), for unigram models.
#pragma once

#include "text/tokenizer_settings.h"

#include <filesystem>
#include <memory>

#include "xlt/text/tokenizer.h"

namespace xlt {

// BOS and EOS are added where tokenizer_config.json says so.
std::unique_ptr<Tokenizer> make_sentence_piece_tokenizer(const std::filesystem::path& file,
                                                         const TokenizerSettings& settings);

}  // namespace xlt
