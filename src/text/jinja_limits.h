// SPDX-License-Identifier: Apache-2.0
// How deep a Jinja template may be nested. The engine's parser and its trees recurse: a hostile template
// would otherwise end the process.
#pragma once

#include <string>

namespace jinja {
struct lexer_result;
}

namespace xlt {

// Empty for every real template. A macro that calls itself shows only when it runs: xlt/base/stack_guard.h.
std::string why_jinja_is_too_deep(const jinja::lexer_result& source);

}  // namespace xlt
