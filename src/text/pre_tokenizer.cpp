// SPDX-License-Identifier: Apache-2.0
#include "text/pre_tokenizer.h"

#include "text/part_table.h"

namespace xlt {

namespace {
constexpr PartType<PreTokenizerStep> kPreTokenizers[] = {
#define X(name, type) {type, make_##name##_pre_tokenizer},
#include "text/pre_tokenizers.def"
#undef X
};
}  // namespace

PreTokenizerStep make_pre_tokenizer_step(const JsonView& json) {
  return make_part<PreTokenizerStep>(kPreTokenizers, "pre-tokenizer", json);
}

PreTokenizer make_pre_tokenizer(const JsonView& owner, const char* key) {
  return owner.has(key) ? PreTokenizer(make_pre_tokenizer_step(owner.at(key))) : PreTokenizer();
}

}  // namespace xlt
