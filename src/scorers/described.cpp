// SPDX-License-Identifier: Apache-2.0
#include "xlt/scorers/described.h"

namespace xlt {

std::vector<Described> described_scorers() {
  return {
#define X(name, what) {#name, what},
#include "scorers/scorers.def"
#undef X
  };
}

}  // namespace xlt
