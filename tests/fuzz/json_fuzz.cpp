// SPDX-License-Identifier: Apache-2.0
// Our JSON: strict, and with comments; what was read can be written and read again.
#include "fuzz/fuzzing.h"

#include "xlt/base/json.h"

XLT_FUZZ {
  for (const bool comments : {false, true}) {
    const xlt::Json json = xlt::parse_json(input, "input", xlt::ErrorKind::kData, comments);
    const std::string text = xlt::dump_json(json);
    if (xlt::dump_json(xlt::parse_json(text, "written")) != text) __builtin_trap();
  }
}
