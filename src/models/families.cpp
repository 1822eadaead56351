// SPDX-License-Identifier: Apache-2.0
#include "models/family.h"

namespace xlt {

namespace {
constexpr DecoderFamily kFamilies[] = {
#define X(name, models) {#name, make_##name},
#include "models/families.def"
#undef X
};
}  // namespace

std::span<const DecoderFamily> decoder_families() { return kFamilies; }

std::vector<std::string> family_names() {
  std::vector<std::string> names;
  for (const DecoderFamily& family : kFamilies) names.emplace_back(family.name);
  return names;
}

}  // namespace xlt
