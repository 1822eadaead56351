// SPDX-License-Identifier: Apache-2.0
#include "text/normalizer.h"
#include "text/utf8.h"

namespace xlt {

NormalizerStep make_lowercase_normalizer(const JsonView&) {
  return [](const std::string& text, size_t) { return lower_case_each(text); };
}

}  // namespace xlt
