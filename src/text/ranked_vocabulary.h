// SPDX-License-Identifier: Apache-2.0
// Byte-level vocabularies without merges, as tiktoken has them: of two neighbouring tokens those are joined
// first whose joint bytes have the lowest rank. In the terms of tokenizer.json.
#pragma once

#include "text/tokenizer_file.h"
#include "text/tokenizer_settings.h"

#include <string>
#include <utility>
#include <vector>

namespace xlt {

struct RankedVocabulary {
  std::string place;                // the file, for errors
  std::vector<std::string> tokens;  // bytes, by rank
  int64_t first_id = 0;             // of rank 0
  std::string pattern;              // a text is split at its matches
  // Ids of their own, below or above the others'; found in the text, left out by `decode`.
  std::vector<std::pair<int64_t, std::string>> special;
  std::string bos, eos;  // two of those
};

// As transformers' conversion makes it: every way to put a token together from two others is a merge. BOS is
// put first unless `settings` say add_bos_token: false. Fills in bos and eos of `settings` where no file
// names them. Throws kCheckpoint for a token that stands twice, is empty or longer than any is, a single
// byte that is missing, more merges than any vocabulary has; kInterrupted.
TokenizerFile tokenizer_file_of(const RankedVocabulary& vocabulary, TokenizerSettings& settings,
                                const Context& context = {});

}  // namespace xlt
