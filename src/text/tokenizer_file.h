// SPDX-License-Identifier: Apache-2.0
// What a tokenizer is made from, be it a `tokenizer.json` or a SentencePiece model. The hundred thousands of
// tokens and merges never become a JSON document.
#pragma once

#include "text/string_list.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "xlt/base/context.h"
#include "xlt/base/json.h"

namespace xlt {

struct TokenizerFile {
  std::string place;           // the file, for errors
  Json rest;                   // everything but model.vocab and model.merges
  StringList tokens;           // model.vocab, in file order …
  std::vector<int32_t> ids;    // … and their ids
  std::vector<double> scores;  // of a vocabulary of [token, score] pairs, whose ids are positions; else empty
  StringList merges;           // model.merges: left, right, left, right …
  Context context;             // asked now and then by what works through the tokens

  // For loops over tokens and merges: asks every few thousand. Throws kInterrupted.
  void throw_if_interrupted(size_t index) const {
    if (index % 4096 == 0) context.throw_if_interrupted();
  }
};
// Throws kCheckpoint for malformed JSON, a vocabulary that is neither name → id nor [name, score] pairs,
// merges that are not pairs, values nested deeper than kMaxJsonDepth, more parts than any tokenizer has;
// kInterrupted.
TokenizerFile read_tokenizer_file(const std::filesystem::path& file, const Context& context = {});

}  // namespace xlt
