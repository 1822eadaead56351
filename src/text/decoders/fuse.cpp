// SPDX-License-Identifier: Apache-2.0
#include "text/decoder.h"

namespace xlt {

TokenDecoderStep make_fuse_token_decoder(const JsonView&) {
  return [](const std::vector<std::string>& tokens, size_t) {
    std::string text;
    for (const std::string& token : tokens) text += token;
    return std::vector<std::string>{text};
  };
}

}  // namespace xlt
