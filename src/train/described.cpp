// SPDX-License-Identifier: Apache-2.0
#include "xlt/train/described.h"

namespace xlt {

std::vector<Described> described_methods() {
  return {
#define X(name, what) {#name, what},
#include "train/losses.def"
#undef X
  };
}

std::vector<Described> described_optimizers() {
  return {
#define X(name, what) {#name, what},
#include "train/optimizers.def"
#undef X
  };
}

std::vector<Described> described_schedules() {
  return {
#define X(name, what) {#name, what},
#include "train/schedules.def"
#undef X
  };
}

}  // namespace xlt
