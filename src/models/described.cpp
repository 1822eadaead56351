// SPDX-License-Identifier: Apache-2.0
#include "xlt/models/described.h"

#include <algorithm>

namespace xlt {

std::vector<Described> described_decoders() {
  return {
#define X(name, what) {#name, what},
#include "models/families.def"
#undef X
  };
}

std::vector<Described> described_encoders() {
  std::vector<Described> rows = {
#define X(name, what) {#name, what},
#include "models/encoders.def"
#undef X
  };
  for (Described& row : rows) std::replace(row.name.begin(), row.name.end(), '_', '-');
  return rows;
}

std::vector<Described> described_encoder_decoders() {
  return {
#define X(name, what) {#name, what},
#include "models/encoder_decoders.def"
#undef X
  };
}

}  // namespace xlt
