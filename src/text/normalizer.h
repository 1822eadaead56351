// SPDX-License-Identifier: Apache-2.0
// `normalizer` of tokenizer.json.
#pragma once

#include <functional>
#include <string>

#include "xlt/base/json.h"

namespace xlt {

using Normalizer = std::function<std::string(std::string)>;
// Sequence, Replace, Prepend, Strip, Lowercase, NFC, NFD, NFKC, NFKD; null: the identity. Throws kCheckpoint
// for others.
Normalizer make_normalizer(const JsonView& owner, const char* key);
// {"pattern": {"String" | "Regex": …}, "content": …}
Normalizer make_replacement(const JsonView& json);

}  // namespace xlt
