// SPDX-License-Identifier: Apache-2.0
#include "xlt/text/segmentation.h"

#include "text_testing.h"

namespace xlt {
namespace {

using Words = std::vector<std::string>;

TEST(SplitWords, LeavesOutSpacesAndPunctuation) {
  EXPECT_EQ(split_words("Hello, don't stop: 3.14 e-mails!", "en"),
            (Words{"Hello", "don't", "stop", "3.14", "e", "mails"}));
  EXPECT_EQ(split_words("", "en"), Words{});
  EXPECT_EQ(split_words(" … 👍 ", "en"), Words{});
}

TEST(SplitWords, UsesDictionariesWhereThereAreNoSpaces) {
  EXPECT_EQ(split_words("ฉันรักภาษาไทย", "th"), (Words{"ฉัน", "รัก", "ภาษา", "ไทย"}));
  EXPECT_EQ(split_words("我喜欢吃苹果。", "zh"), (Words{"我", "喜欢", "吃", "苹果"}));
  EXPECT_EQ(split_words("私は学生です。", "ja"), (Words{"私", "は", "学生", "です"}));
}

TEST(SplitWords, UnknownLanguagesGetTheGeneralRules) {
  EXPECT_EQ(split_words("a b", "no-such-language"), (Words{"a", "b"}));
}

TEST(FoldCaseAndAccents, MatchesWritingsOfAWord) {
  EXPECT_EQ(fold_case_and_accents("ÉTÉ"), "ete");
  EXPECT_EQ(fold_case_and_accents("e\u0301te\u0301"), "ete");
  EXPECT_EQ(fold_case_and_accents("STRASSE"), fold_case_and_accents("Straße"));
  EXPECT_EQ(fold_case_and_accents("ΣΑΣ"), fold_case_and_accents("σας"));
  EXPECT_EQ(fold_case_and_accents("Ｆｕｌｌ ﬁt"), "full fit");
  EXPECT_EQ(fold_case_and_accents("İzmir"), "izmir");
  EXPECT_EQ(fold_case_and_accents("مُدَرِّس"), "مدرس");
  EXPECT_EQ(fold_case_and_accents("שָׁלוֹם"), "שלום");
}

TEST(FoldCaseAndAccents, KeepsSignsThatAreLetters) {
  EXPECT_EQ(fold_case_and_accents("हिन्दी"), "हिन्दी");
  EXPECT_EQ(fold_case_and_accents("ที่"), "ที่");
  EXPECT_EQ(fold_case_and_accents("がか"), "がか");
  EXPECT_EQ(fold_case_and_accents("ｶﾞ"), "ガ");  // half width
  EXPECT_EQ(fold_case_and_accents("한국어"), "한국어");
}

TEST(WhiteSpace, IsUnicodes) {
  EXPECT_EQ(split_white_space(" a\u00A0b\u3000\n c\u200Bd\x1F"), (Words{"a", "b", "c\u200Bd"}));
  EXPECT_EQ(strip("\u3000 a b\u2029"), "a b");
  EXPECT_EQ(strip(" \t"), "");
  EXPECT_TRUE(is_blank(" \u00A0\r\n"));
  EXPECT_TRUE(is_blank(""));
  EXPECT_FALSE(is_blank(" \u200B"));
}

TEST(CountCodePoints, CountsCharactersNotBytes) {
  EXPECT_EQ(count_code_points(""), 0);
  EXPECT_EQ(count_code_points("aé漢😀"), 4);
  EXPECT_EQ(count_code_points("e\u0301"), 2);
}

}  // namespace
}  // namespace xlt
