// SPDX-License-Identifier: Apache-2.0
// What a tokenizer is made from, be it a `tokenizer.json` or a SentencePiece model. The hundred thousands of
// tokens and merges never become a JSON document.
#pragma once

#include "text/string_list.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "xlt/base/json.h"

namespace xlt {

struct TokenizerFile {
  std::string place;           // the file, for errors
  Json rest;                   // everything but model.vocab and model.merges
  StringList tokens;           // model.vocab, in file order …
  std::vector<int32_t> ids;    // … and their ids
  std::vector<double> scores;  // of a vocabulary of [token, score] pairs, whose ids are positions; else empty
  StringList merges;           // model.merges: left, right, left, right …
};
// Throws kCheckpoint for malformed JSON, a vocabulary that is neither name → id nor [name, score] pairs,
// merges that are not pairs, values nested deeper than kMaxJsonDepth.
TokenizerFile read_tokenizer_file(const std::filesystem::path& file);

}  // namespace xlt
