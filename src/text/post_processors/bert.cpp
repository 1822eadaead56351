// SPDX-License-Identifier: Apache-2.0
// "cls": ["[CLS]", 101] before the text, "sep": ["[SEP]", 102] after it.
#include "text/post_processor.h"

namespace xlt {

SpecialIds read_bert_post_processor(const JsonView& json) {
  return {{json.at("cls").at(1).as_int()}, {json.at("sep").at(1).as_int()}};
}

}  // namespace xlt
