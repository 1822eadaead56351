// SPDX-License-Identifier: Apache-2.0
#include "text/post_processor.h"

namespace xlt {

// It only moves offsets.
SpecialIds read_byte_level_post_processor(const JsonView&) { return {}; }

}  // namespace xlt
