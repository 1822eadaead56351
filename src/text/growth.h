// SPDX-License-Identifier: Apache-2.0
// How far a tokenizer may blow a text up. A tokenizer.json of a stranger can name forty replacements of "a"
// by "aa", which make 2^40 bytes of one; real ones triple a text at most (a space becomes ▁), Unicode's
// compatibility forms can make it eleven times as long.
#pragma once

#include <cstddef>
#include <string>

namespace xlt {

// Bytes that `bytes` of text may become.
inline size_t growth_limit(size_t bytes) { return 64 * bytes + 4096; }
// Throws kCheckpoint if `bytes` are more than `limit`.
void check_growth(size_t bytes, size_t limit);
// Steps a Sequence may have: far more than any tokenizer needs. Throws kCheckpoint with `place`.
void check_number_of_parts(size_t count, const std::string& place);

}  // namespace xlt
