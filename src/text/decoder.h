// SPDX-License-Identifier: Apache-2.0
// `decoder` of tokenizer.json: tokens → text.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "xlt/base/json.h"

namespace xlt {

using TokenDecoder = std::function<std::vector<std::string>(std::vector<std::string>)>;
// Sequence, ByteLevel, Replace, ByteFallback, Fuse, Strip, Metaspace; null: tokens joined by spaces. The
// result is joined.
TokenDecoder make_token_decoder(const JsonView& owner, const char* key);

}  // namespace xlt
