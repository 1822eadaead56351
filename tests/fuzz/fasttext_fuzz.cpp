// SPDX-License-Identifier: Apache-2.0
// fastText models, which the library trusts.
#include "fuzz/fuzzing.h"

#include "xlt/text/language_id.h"

XLT_FUZZ {
  const auto identifier = xlt::load_language_identifier(xlt::fuzzing::write("lid.bin", input));
  identifier->identify("Hello, wörld 123 你好");
}
