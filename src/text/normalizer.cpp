// SPDX-License-Identifier: Apache-2.0
#include "text/normalizer.h"

#include "text/growth.h"
#include "text/part_table.h"

namespace xlt {

namespace {
constexpr PartType<NormalizerStep> kNormalizers[] = {
#define X(name, type) {type, make_##name##_normalizer},
#include "text/normalizers.def"
#undef X
};
}  // namespace

std::string Normalizer::operator()(std::string text) const {
  const size_t limit = growth_limit(text.size());
  if (!step_) return text;
  text = step_(std::move(text), limit);
  check_growth(text.size(), limit);
  return text;
}

NormalizerStep make_normalizer_step(const JsonView& json) {
  return make_part<NormalizerStep>(kNormalizers, "normalizer", json);
}

Normalizer make_normalizer(const JsonView& owner, const char* key) {
  return owner.has(key) ? Normalizer(make_normalizer_step(owner.at(key))) : Normalizer();
}

}  // namespace xlt
