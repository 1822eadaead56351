// SPDX-License-Identifier: Apache-2.0
#include "models/family.h"

namespace xlt {

namespace {
constexpr Entry<ModelFamily> kFamilies[] = {
#define X(name) {#name, make_##name##_family},
#include "models/families.def"
#undef X
};
}  // namespace

std::span<const Entry<ModelFamily>> families() { return kFamilies; }
std::vector<std::string> family_names() { return names_of(families()); }

}  // namespace xlt
