// SPDX-License-Identifier: Apache-2.0
#include "eval/repetition.h"

#include <algorithm>

namespace xlt {

bool ends_in_repetition(const std::vector<std::string>& words) {
  constexpr size_t kShortest = 2, kTimes = 3;
  for (size_t length = kShortest; length * kTimes <= words.size(); ++length) {
    const auto last = words.end() - static_cast<std::ptrdiff_t>(length * (kTimes - 1));
    // Equal to itself one phrase later, for as long as two phrases are.
    if (std::equal(last, words.end(), last - static_cast<std::ptrdiff_t>(length))) return true;
  }
  return false;
}

}  // namespace xlt
