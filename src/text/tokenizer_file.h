// `tokenizer.json`, read without building a document of its hundred thousands of tokens.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "xlt/base/json.h"

namespace xlt {

struct TokenizerFile {
  std::string place;                                   // the file, for errors
  Json rest;                                           // everything but model.vocab and model.merges
  std::vector<std::pair<std::string, int64_t>> vocab;  // model.vocab, in file order
  std::vector<std::string> merges;                     // model.merges: left, right, left, right …
};
// Throws kCheckpoint for malformed JSON, a vocabulary that is not name → id, merges that are not pairs.
TokenizerFile read_tokenizer_file(const std::filesystem::path& file);

}  // namespace xlt
