// SPDX-License-Identifier: Apache-2.0
#include "text/byte_level.h"

#include "text/decoder.h"
#include "text/utf8.h"

namespace xlt {

TokenDecoderStep make_byte_level_token_decoder(const JsonView&) {
  return [](const std::vector<std::string>& tokens, size_t) {
    std::string bytes;
    for (const std::string& token : tokens)
      if (!append_bytes(token, bytes)) bytes += token;
    return std::vector<std::string>{repaired_utf8(bytes)};
  };
}

}  // namespace xlt
