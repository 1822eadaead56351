// SPDX-License-Identifier: Apache-2.0
// `post_processor` of tokenizer.json: the special tokens around a text. One file in post_processors/ and one
// row in post_processors.def each.
#pragma once

#include <cstdint>
#include <vector>

#include "xlt/base/json.h"

namespace xlt {

// Ids before the text and after it.
struct SpecialIds {
  std::vector<int64_t> prefix, suffix;
};

// Throws kCheckpoint at `json` where there are more than any tokenizer puts around a text: a few bytes of a
// file may name many.
void check_number_of_ids(const SpecialIds& ids, const JsonView& json);

// null: none. Throws kCheckpoint for types that are not in the table.
SpecialIds read_post_processor(const JsonView& owner, const char* key);
SpecialIds read_post_processor(const JsonView& json);

#define X(name, type) SpecialIds read_##name##_post_processor(const JsonView& json);
#include "text/post_processors.def"
#undef X

}  // namespace xlt
