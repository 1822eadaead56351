// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/hash128.h"

#include <cstring>
#include <set>

#include <gtest/gtest.h>

namespace xlt {
namespace {

// SMHasher's verification: keys {}, {0}, {0, 1}, … of 0 … 255 bytes with seeds 256, 255, … 1; the first word
// of the hash of all their hashes is 0x6384BA69 for MurmurHash3_x64_128.
TEST(Hash128, IsMurmurHash3) {
  std::string key, hashes;
  for (int i = 0; i < 256; ++i) {
    const Hash128 hash = hash128(key, 256 - i);
    hashes.append(reinterpret_cast<const char*>(&hash), sizeof(hash));
    key += static_cast<char>(i);
  }
  EXPECT_EQ(static_cast<uint32_t>(hash128(hashes).low), 0x6384BA69u);
}

TEST(Hash128, TellsOrderAndLengthApart) {
  std::set<std::string> seen;
  const std::string texts[] = {"",
                               std::string(1, '\0'),
                               std::string(16, '\0'),
                               std::string(17, '\0'),
                               "abcdefghijklmnopqrstuvwxyz",
                               "bacdefghijklmnopqrstuvwxyz",
                               "qrstuvwxyzabcdefghijklmnop"};
  for (const std::string& text : texts) EXPECT_TRUE(seen.insert(to_hex(hash128(text))).second);
  EXPECT_EQ(to_hex(hash128("")), std::string(32, '0'));
}

}  // namespace
}  // namespace xlt
