// A tokenizer from SentencePiece's tokenizer.model. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

#include "xlt/text/tokenizer.h"

namespace xlt {

std::unique_ptr<Tokenizer> load_sentence_piece(const std::filesystem::path& folder);

}  // namespace xlt
