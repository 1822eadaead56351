// SPDX-License-Identifier: Apache-2.0
#include "text/decoder.h"
#include "text/part_table.h"
#include "text/utf8.h"

namespace xlt {

TokenDecoderStep make_metaspace_token_decoder(const JsonView& json) {
  return [mark = one_character(json, "replacement", "\u2581"), scheme = json.get("prepend_scheme", "always")](
             std::vector<std::string> tokens, size_t) {
    for (size_t i = 0; i < tokens.size(); ++i) {
      const bool drop = i == 0 && scheme != "never";
      tokens[i] = replace_all(tokens[i], mark, drop ? "" : " ");
    }
    return tokens;
  };
}

}  // namespace xlt
