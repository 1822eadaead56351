// SPDX-License-Identifier: Apache-2.0
#include "xlt/text/letter_case.h"

#include <gtest/gtest.h>

namespace xlt {
namespace {

// Expected values are what Python 3.11 gives.
TEST(LetterCase, LowerIsThatOfPython) {
  EXPECT_EQ(lower_case("Das Mädchen ÄÖÜ"), "das mädchen äöü");
  EXPECT_EQ(lower_case("İstanbul IĞDIR"), "i\xCC\x87stanbul iğdir");
  EXPECT_EQ(lower_case("ΟΔΟΣ"), "οδος");
  EXPECT_EQ(lower_case(""), "");
}

TEST(LetterCase, CapitalizeIsThatOfPython) {
  EXPECT_EQ(capitalized("mAN"), "Man");
  EXPECT_EQ(capitalized("élève"), "Élève");
  EXPECT_EQ(capitalized("ǆ"), "ǅ");
  EXPECT_EQ(capitalized("ßtraße"), "Sstraße");
  EXPECT_EQ(capitalized("iş"), "Iş");
  EXPECT_EQ(capitalized("(a)"), "(a)");
  EXPECT_EQ(capitalized(""), "");
}

}  // namespace
}  // namespace xlt
