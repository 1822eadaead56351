// SPDX-License-Identifier: Apache-2.0
#include "base/sha256_blocks.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "xlt/base/file.h"
#include "xlt/base/rng.h"

namespace xlt {
namespace {

// The examples of FIPS 180-4 (NIST), and lengths about the block of 64 bytes against Python's hashlib.
TEST(Sha256, GivesTheStandardsExamples) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PadsEveryLength) {
  EXPECT_EQ(sha256(std::string(55, 'x')), "d5e285683cd4efc02d021a5c62014694958901005d6f71e89e0989fac77e4072");
  EXPECT_EQ(sha256(std::string(56, 'x')), "04c26261370ee7541549d16dee320c723e3fd14671e66a099afe0a377c16888e");
  EXPECT_EQ(sha256(std::string(63, 'x')), "75220b47218278e656f2013bb8f0c455a25eaf01e86c64924e9d48d89776d6f2");
  EXPECT_EQ(sha256(std::string(64, 'x')), "7ce100971f64e7001e8fe5a51973ecdfe1ced42befe7ee8d5fd6219506b5393c");
  EXPECT_EQ(sha256(std::string(65, 'x')), "9537c5fdf120482f7d58d25e9ed583f52c02b4e304ea814db1633ad565aed7e9");
  EXPECT_EQ(sha256(std::string(119, 'x')),
            "000b48d4edf0fa7bee3c6236ecd2785baa5db4eeb8bb54341b029e0d9fa5fb0c");
}

// Whichever of the two this CPU takes, a hash is the same.
TEST(Sha256, InstructionsGiveWhatPlainCodeGives) {
  if (!has_sha256_instructions()) GTEST_SKIP() << "this CPU has none";
  Rng rng(7);
  for (size_t count = 0; count < 6; ++count) {
    std::vector<char> bytes(count * kSha256Block);
    for (char& byte : bytes) byte = static_cast<char>(rng.below(256));
    Sha256State plain{}, taken{};
    for (size_t i = 0; i < plain.size(); ++i) plain[i] = taken[i] = static_cast<uint32_t>(rng.next());
    sha256_blocks_plain(plain, bytes.data(), count);
    sha256_blocks(taken, bytes.data(), count);
    EXPECT_EQ(plain, taken) << count << " blocks";
  }
}

}  // namespace
}  // namespace xlt
