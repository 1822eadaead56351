// SPDX-License-Identifier: Apache-2.0
#include "text/decoder.h"

#include "text/growth.h"
#include "text/part_table.h"

#include <numeric>

namespace xlt {

namespace {
constexpr PartType<TokenDecoderStep> kDecoders[] = {
#define X(name, type) {type, make_##name##_token_decoder},
#include "text/decoders.def"
#undef X
};
}  // namespace

size_t bytes_of(const std::vector<std::string>& tokens) {
  return std::accumulate(tokens.begin(), tokens.end(), size_t{0},
                         [](size_t sum, const std::string& token) { return sum + token.size(); });
}

std::vector<std::string> TokenDecoder::operator()(std::vector<std::string> tokens) const {
  const size_t limit = growth_limit(bytes_of(tokens));
  return step_(std::move(tokens), limit);
}

TokenDecoderStep make_token_decoder_step(const JsonView& json) {
  return make_part<TokenDecoderStep>(kDecoders, "decoder", json);
}

TokenDecoder make_token_decoder(const JsonView& owner, const char* key) {
  if (owner.has(key)) return TokenDecoder(make_token_decoder_step(owner.at(key)));
  return TokenDecoder([](std::vector<std::string> tokens, size_t) {
    for (size_t i = 1; i < tokens.size(); ++i) tokens[i].insert(0, 1, ' ');
    return tokens;
  });
}

}  // namespace xlt
