// SPDX-License-Identifier: Apache-2.0
// A 128-bit hash for telling contents apart: MurmurHash3_x64_128 (Austin Appleby, public domain), which reads
// about as fast as memory gives. Two contents that differ by chance never agree (2^-128); somebody who means
// to can make two that do, so files from strangers are named by `sha256` (xlt/base/file.h).
//
//   to_hex(hash128("hello"))      // 32 hexadecimal digits
//
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace xlt {

struct Hash128 {
  uint64_t low = 0, high = 0;
  bool operator==(const Hash128&) const = default;
};

Hash128 hash128(std::string_view bytes, uint32_t seed = 0);
std::string to_hex(const Hash128& hash);  // low, then high

}  // namespace xlt
