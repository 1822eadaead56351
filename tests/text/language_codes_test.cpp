// SPDX-License-Identifier: Apache-2.0
// The table of language codes against ICU's copy of CLDR.
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <unicode/locid.h>

namespace xlt {
namespace {

struct Row {
  const char *code, *tag;
};
constexpr Row kRows[] = {
#define X(code, tag) {code, tag},
#include "base/language_codes.def"
#undef X
};

// Where CLDR says something else or nothing: Swahili's standard member; tgl is tl in ISO 639.
const std::set<std::string> kByIso639 = {"swh", "tgl"};

TEST(LanguageCodes, AreThoseOfCldr) {
  for (const Row& row : kRows) {
    if (kByIso639.contains(row.code)) continue;
    UErrorCode status = U_ZERO_ERROR;
    icu::Locale locale = icu::Locale::createFromName(row.code);
    locale.canonicalize(status);
    const auto tag = locale.toLanguageTag<std::string>(status);
    ASSERT_TRUE(U_SUCCESS(status)) << row.code;
    EXPECT_TRUE(tag == row.tag || tag == row.code) << row.code;  // an older ICU may not know the code
  }
}

}  // namespace
}  // namespace xlt
