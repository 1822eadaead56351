// SPDX-License-Identifier: Apache-2.0
// `decoder` of tokenizer.json: tokens → text. One file in decoders/ and one row in decoders.def each.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "xlt/base/json.h"

namespace xlt {

// What one step adds is bounded by a small factor, or by `limit` bytes in all, beyond which it throws.
using TokenDecoderStep =
    std::function<std::vector<std::string>(std::vector<std::string> tokens, size_t limit)>;

class TokenDecoder {
 public:
  explicit TokenDecoder(TokenDecoderStep step) : step_(std::move(step)) {}
  // The result is to be joined. Throws kCheckpoint where it would grow beyond all reason (growth.h).
  std::vector<std::string> operator()(std::vector<std::string> tokens) const;

 private:
  TokenDecoderStep step_;
};

// null: tokens joined by spaces. Throws kCheckpoint for types that are not in the table.
TokenDecoder make_token_decoder(const JsonView& owner, const char* key);
TokenDecoderStep make_token_decoder_step(const JsonView& json);
size_t bytes_of(const std::vector<std::string>& tokens);

#define X(name, type) TokenDecoderStep make_##name##_token_decoder(const JsonView& json);
#include "text/decoders.def"
#undef X

}  // namespace xlt
