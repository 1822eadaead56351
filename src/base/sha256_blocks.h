// SPDX-License-Identifier: Apache-2.0
// The compression function of SHA-256 (FIPS 180-4, section 6.2.2). Inside `base` only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace xlt {

using Sha256State = std::array<uint32_t, 8>;
inline constexpr size_t kSha256Block = 64;  // bytes

bool has_sha256_instructions();  // of this CPU; where it has, sha256_blocks takes them
// state ← the state after `count` more blocks.
void sha256_blocks(Sha256State& state, const char* blocks, size_t count);
// The same in plain C++.
void sha256_blocks_plain(Sha256State& state, const char* blocks, size_t count);

}  // namespace xlt
