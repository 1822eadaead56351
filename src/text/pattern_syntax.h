// SPDX-License-Identifier: Apache-2.0
// Regular expressions of tokenizer.json, written for Oniguruma.
#pragma once

#include <string>

namespace xlt {

// The same expression for PCRE2 (with UTF and UCP): \s, \w, \d, \h and \p{…} mean what they mean to
// Oniguruma, characters that Unicode gained since 14 included; a class within a class is joined with it.
// Throws kCheckpoint with `where` for what cannot be said: intersections (&&), a negated class within a
// class, (?m).
std::string to_pcre2_syntax(const std::string& pattern, const std::string& where);

}  // namespace xlt
