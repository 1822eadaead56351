// SPDX-License-Identifier: Apache-2.0
// How transformers pads a batch with a checkpoint's tokenizer. xlt pads nothing; the quirks of published code
// that did depend on it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "xlt/text/tokenizer.h"

namespace xlt {

struct Padding {
  bool is_left = false;       // the pads stand before the shorter text
  std::optional<int64_t> id;  // of the pad token; EOS where none is named, as the published code sets it
};
// From `tokenizer_config.json`: padding_side and pad_token; the side of its tokenizer_class in transformers 4
// where it names none. Throws kCheckpoint for a malformed file.
Padding read_padding(const std::filesystem::path& folder, const Tokenizer& tokenizer);

}  // namespace xlt
