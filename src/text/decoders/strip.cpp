// SPDX-License-Identifier: Apache-2.0
// At most `start` of a character off the beginning of each token, at most `stop` off its end.
#include "text/decoder.h"
#include "text/part_table.h"

namespace xlt {

TokenDecoderStep make_strip_token_decoder(const JsonView& json) {
  return [content = one_character(json, "content", ""), start = json.get("start", int64_t{0}),
          stop = json.get("stop", int64_t{0})](std::vector<std::string> tokens, size_t) {
    for (std::string& token : tokens) {
      std::string_view rest = token;
      for (int64_t i = 0; i < start && rest.starts_with(content); ++i) rest.remove_prefix(content.size());
      for (int64_t i = 0; i < stop && rest.ends_with(content); ++i) rest.remove_suffix(content.size());
      token = std::string(rest);
    }
    return tokens;
  };
}

}  // namespace xlt
