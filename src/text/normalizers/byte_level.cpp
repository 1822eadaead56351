// SPDX-License-Identifier: Apache-2.0
#include "text/byte_level.h"

#include "text/normalizer.h"

namespace xlt {

NormalizerStep make_byte_level_normalizer(const JsonView&) {
  return [](const std::string& text, size_t) { return bytes_to_characters(text); };
}

}  // namespace xlt
