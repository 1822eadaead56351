// SPDX-License-Identifier: Apache-2.0
// What a tokenizer makes of a language's texts.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "xlt/base/json.h"
#include "xlt/text/tokenizer.h"

namespace xlt {

// {"fertility": tokens a whitespace word, "bytes_per_token", "single_token_words": share of the whitespace
// words that are one token, by themselves or after a space, "subword_overlap": Σ|E∩L| / Σ(|E|+|L|) over the
// pairs' multisets of tokens} of (source, language) texts. No special tokens, but `with_bos` for the overlap
// (the published definition). Null without texts.
Json token_predictors(const Tokenizer& tokenizer,
                      const std::vector<std::pair<std::string, std::string>>& pairs, bool with_bos);

}  // namespace xlt
