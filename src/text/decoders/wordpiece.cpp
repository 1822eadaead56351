// SPDX-License-Identifier: Apache-2.0
// BERT's: a token that continues a word is joined to it, others follow a space; with `cleanup`, English
// punctuation and contractions are drawn together, token by token.
#include "text/decoder.h"
#include "text/utf8.h"

#include <array>

namespace xlt {

namespace {

constexpr std::array<std::pair<const char*, const char*>, 11> kCleanUps = {{{" .", "."},
                                                                            {" ?", "?"},
                                                                            {" !", "!"},
                                                                            {" ,", ","},
                                                                            {" ' ", "'"},
                                                                            {" n't", "n't"},
                                                                            {" 'm", "'m"},
                                                                            {" do not", " don't"},
                                                                            {" 's", "'s"},
                                                                            {" 've", "'ve"},
                                                                            {" 're", "'re"}}};

}  // namespace

TokenDecoderStep make_wordpiece_token_decoder(const JsonView& json) {
  return [prefix = json.get("prefix", "##"), cleanup = json.get("cleanup", true)](
             std::vector<std::string> tokens, size_t) {
    for (size_t i = 0; i < tokens.size(); ++i) {
      std::string& token = tokens[i];
      if (i > 0) token = token.starts_with(prefix) ? token.substr(prefix.size()) : " " + token;
      if (!cleanup) continue;
      for (const auto& [from, to] : kCleanUps) token = replace_all(token, from, to);
    }
    return tokens;
  };
}

}  // namespace xlt
