// SPDX-License-Identifier: Apache-2.0
#include "text/post_processor.h"

#include "text/part_table.h"

namespace xlt {

namespace {
constexpr PartType<SpecialIds> kPostProcessors[] = {
#define X(name, type) {type, read_##name##_post_processor},
#include "text/post_processors.def"
#undef X
};
}  // namespace

void check_number_of_ids(const SpecialIds& ids, const JsonView& json) {
  constexpr size_t kMost = 1000;
  if (ids.prefix.size() > kMost || ids.suffix.size() > kMost)
    json.fail(str_cat("puts more than ", kMost, " special tokens around a text"));
}

SpecialIds read_post_processor(const JsonView& json) {
  return make_part<SpecialIds>(kPostProcessors, "post-processor", json);
}

SpecialIds read_post_processor(const JsonView& owner, const char* key) {
  return owner.has(key) ? read_post_processor(owner.at(key)) : SpecialIds();
}

}  // namespace xlt
