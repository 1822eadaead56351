// SPDX-License-Identifier: Apache-2.0
// How many bytes of a text its tokens stand for.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "xlt/text/tokenizer.h"

namespace xlt {

// UTF-8 bytes of the text that its first token stands for, to the end of a character; 0 for a special token.
// `ids`: the whole text's, as the tokenizer gave them.
int64_t first_token_bytes(const Tokenizer& tokenizer, std::string_view text, std::span<const int64_t> ids);

}  // namespace xlt
