// SPDX-License-Identifier: Apache-2.0
#include "text/decoder.h"
#include "text/growth.h"

namespace xlt {

TokenDecoderStep make_sequence_token_decoder(const JsonView& json) {
  const JsonView list = json.at("decoders");
  check_number_of_parts(list.size(), list.place());
  std::vector<TokenDecoderStep> steps;
  for (size_t i = 0; i < list.size(); ++i) steps.push_back(make_token_decoder_step(list.at(i)));
  return [steps](std::vector<std::string> tokens, size_t limit) {
    for (const TokenDecoderStep& step : steps) {
      tokens = step(std::move(tokens), limit);
      check_growth(bytes_of(tokens), limit);
    }
    return tokens;
  };
}

}  // namespace xlt
