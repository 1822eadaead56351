// SPDX-License-Identifier: Apache-2.0
// Worlds for tests.
#pragma once

#include <string>
#include <vector>

#include "xlt/lab/languages.h"

namespace xlt {

// Languages qaa, qab, …, alike but for what `change` does to each.
template <typename Change>
std::vector<LanguageDials> dials_of(int count, const Change& change) {
  std::vector<LanguageDials> dials;
  for (int i = 0; i < count; ++i) {
    LanguageDials& one = dials.emplace_back();
    one.tag = std::string("qa") + static_cast<char>('a' + i);
    if (i > 0) change(i, one);
  }
  return dials;
}

}  // namespace xlt
