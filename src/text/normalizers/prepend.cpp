// SPDX-License-Identifier: Apache-2.0
#include "text/normalizer.h"

namespace xlt {

NormalizerStep make_prepend_normalizer(const JsonView& json) {
  return [prefix = json.at("prepend").as_string()](std::string text, size_t) {
    return text.empty() ? text : prefix + text;
  };
}

}  // namespace xlt
