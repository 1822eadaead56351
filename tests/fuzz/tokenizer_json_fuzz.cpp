// SPDX-License-Identifier: Apache-2.0
// tokenizer.json, then (after a zero byte) a text, which is encoded and decoded.
#include "fuzz/fuzzing.h"

#include "xlt/base/file.h"  // find_invalid_utf8
#include "xlt/text/tokenizer.h"

XLT_FUZZ {
  xlt::fuzzing::write("tokenizer.json", xlt::fuzzing::next_part(input));
  const auto tokenizer = xlt::load_tokenizer(xlt::fuzzing::folder());
  for (const std::string_view text : {std::string_view("Hello, wörld 123 你好 \n"), input}) {
    if (xlt::find_invalid_utf8(text)) continue;  // never reaches a tokenizer
    const auto ids = tokenizer->encode(text, xlt::SpecialTokens::kAdd);
    tokenizer->decode(ids);
    tokenizer->decode_each(ids);
  }
}
