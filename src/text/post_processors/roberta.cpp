// SPDX-License-Identifier: Apache-2.0
// As BERT's, of a single text.
#include "text/post_processor.h"

namespace xlt {

SpecialIds read_roberta_post_processor(const JsonView& json) { return read_bert_post_processor(json); }

}  // namespace xlt
