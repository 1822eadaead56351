// SPDX-License-Identifier: Apache-2.0
// adapter_config.json; the weights are absent.
#include "fuzz/fuzzing.h"

#include "xlt/checkpoint/adapter.h"

XLT_FUZZ {
  xlt::fuzzing::write("adapter_config.json", input);
  xlt::load_adapter(xlt::fuzzing::folder());
}
