// SPDX-License-Identifier: Apache-2.0
#include "xlt/text/token_bytes.h"

#include <algorithm>
#include <string>

namespace xlt {

int64_t first_token_bytes(const Tokenizer& tokenizer, std::string_view text, std::span<const int64_t> ids) {
  // A byte-level token may end inside a character, which then shows only beside the tokens after it; a
  // character has four bytes at most, so as many tokens.
  constexpr size_t kMostTokens = 4;
  for (size_t count = 1; count <= std::min(ids.size(), kMostTokens); ++count) {
    const std::string piece = tokenizer.decode(ids.first(count));
    if (text.starts_with(piece)) return static_cast<int64_t>(piece.size());  // 0: a special token
  }
  return ids.empty() ? 0 : static_cast<int64_t>(tokenizer.decode(ids.first(1)).size());
}

}  // namespace xlt
