// SPDX-License-Identifier: Apache-2.0
// Runs of word characters, and runs of what is neither that nor white space.
#include "text/word_split.h"

namespace xlt {

namespace {
// \w of UTS #18, annex C.
constexpr const char* kWordsOrSigns = R"([\p{Alphabetic}\p{L}\p{M}\p{Nd}\p{Pc}\x{200C}\x{200D}]+)"
                                      R"(|[^\p{Alphabetic}\p{L}\p{M}\p{Nd}\p{Pc}\x{200C}\x{200D}\s]+)";
}  // namespace

PreTokenizerStep make_whitespace_pre_tokenizer(const JsonView& json) {
  return split_by(find_pattern(kWordsOrSigns, json.place()), Behavior::kRemoved, true);
}

}  // namespace xlt
