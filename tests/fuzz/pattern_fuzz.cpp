// SPDX-License-Identifier: Apache-2.0
// A pre-tokenizer's pattern, then (after a zero byte) a text that it is matched against.
#include "fuzz/fuzzing.h"
#include "text/pattern.h"

#include "xlt/base/file.h"  // find_invalid_utf8

XLT_FUZZ {
  const xlt::Pattern pattern(std::string(xlt::fuzzing::next_part(input)), "pattern");
  if (xlt::find_invalid_utf8(input)) return;  // never reaches a pattern
  size_t last = 0;
  pattern.for_each(input, [&](size_t begin, size_t end) {
    if (begin > end || end > input.size() || begin < last) __builtin_trap();
    last = end;
  });
}
