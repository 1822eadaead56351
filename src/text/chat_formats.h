// SPDX-License-Identifier: Apache-2.0
// The Jinja templates of the formats in chat_formats.def, for models that carry none of their own.
#pragma once

namespace xlt {

#define X(id, name, marker, what) const char* id##_chat_format();
#include "text/chat_formats.def"
#undef X

}  // namespace xlt
