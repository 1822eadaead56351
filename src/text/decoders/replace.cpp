// SPDX-License-Identifier: Apache-2.0
// The normalizer's Replace, token by token.
#include "text/decoder.h"
#include "text/growth.h"
#include "text/normalizer.h"

namespace xlt {

TokenDecoderStep make_replace_token_decoder(const JsonView& json) {
  return [replace = make_replace_normalizer(json)](std::vector<std::string> tokens, size_t limit) {
    size_t bytes = 0;
    for (std::string& token : tokens) {
      token = replace(std::move(token), limit);
      check_growth(bytes += token.size(), limit);
    }
    return tokens;
  };
}

}  // namespace xlt
