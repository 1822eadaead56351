// SPDX-License-Identifier: Apache-2.0
// tekken.json of all bytes and what the input adds, its parts set apart by zero bytes: members of `config`,
// further entries of `vocab`, those of `special_tokens`, then a text, which is encoded and decoded.
#include "fuzz/fuzzing.h"

#include <string>

#include "xlt/base/error.h"
#include "xlt/base/file.h"  // find_invalid_utf8
#include "xlt/base/join.h"
#include "xlt/text/tokenizer.h"

namespace {

std::string base64_of_byte(int byte) {
  constexpr const char* kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return {kDigits[byte >> 2], kDigits[byte << 4 & 63], '=', '='};
}

std::string all_bytes() {
  std::string entries;
  for (int byte = 0; byte < 256; ++byte)
    xlt::append_item(
        entries, xlt::str_cat(R"({"rank":)", byte, R"(,"token_bytes":")", base64_of_byte(byte), "\"}"), ",");
  return entries;
}

}  // namespace

XLT_FUZZ {
  static const std::string bytes = all_bytes();
  const std::string_view config = xlt::fuzzing::next_part(input), vocab = xlt::fuzzing::next_part(input),
                         special = xlt::fuzzing::next_part(input);
  xlt::fuzzing::write("tekken.json", xlt::str_cat(R"({"config":{)", config, R"(},"vocab":[)", bytes, vocab,
                                                  R"(],"special_tokens":[)", special, "]}"));
  const auto tokenizer = xlt::load_tokenizer(xlt::fuzzing::folder());
  for (const std::string_view text : {std::string_view("Hello, wörld 123 你好 </s>\n"), input}) {
    if (xlt::find_invalid_utf8(text)) continue;  // never reaches a tokenizer
    const auto ids = tokenizer->encode(text, xlt::SpecialTokens::kAdd);
    tokenizer->decode(ids);
    tokenizer->decode_each(ids);
  }
}
