// SPDX-License-Identifier: Apache-2.0
// White space off the ends.
#include "text/normalizer.h"

#include "xlt/text/segmentation.h"

namespace xlt {

NormalizerStep make_strip_normalizer(const JsonView& json) {
  return
      [left = json.get("strip_left", true), right = json.get("strip_right", true)](std::string text, size_t) {
        const std::string core = strip(text);
        if (core.empty()) return left || right ? core : text;
        const size_t at = text.find(core);
        const size_t begin = left ? at : 0, end = right ? at + core.size() : text.size();
        return text.substr(begin, end - begin);
      };
}

}  // namespace xlt
