// SPDX-License-Identifier: Apache-2.0
#include "text/pattern.h"

#include "text_testing.h"

namespace xlt {
namespace {

// The matches of `pattern`, each between bars.
std::string matches(const std::string& pattern, std::string_view text) {
  std::string out = "|";
  Pattern(pattern, "test").for_each(text, [&](size_t begin, size_t end) {
    out.append(text.substr(begin, end - begin)).append("|");
  });
  return out;
}

std::string fault_of(const std::string& pattern) {
  try {
    Pattern(pattern, "tokenizer.json: pre_tokenizer");
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint);
    EXPECT_EQ(error.context(), "tokenizer.json: pre_tokenizer");
    return error.message();
  }
}

TEST(Pattern, Llama3SplitsWordsNumbersAndSpaces) {
  const char* llama3 =
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
  EXPECT_EQ(matches(llama3, "It'S 12345 cats!!\n\n  ok  "), "|It|'S| |123|45| cats|!!\n\n| | ok|  |");
  EXPECT_EQ(matches(llama3, "naïve ÉTÉ"), "|naïve| ÉTÉ|");
}

TEST(Pattern, WhiteSpaceIsUnicodes) {
  EXPECT_EQ(matches(R"(\s)", "a\u0085b\u00A0c\u3000d"), "|\u0085|\u00A0|\u3000|");
  EXPECT_EQ(matches(R"(\s)", "a\u180Eb\u200Bc"), "|");  // formats, not spaces
  EXPECT_EQ(matches(R"([^\S\n]+)", "a \n\tb"), "| |\t|");
}

TEST(Pattern, LettersOfUnicode16AreLetters) {
  EXPECT_EQ(matches(R"(\p{L})", "\U00013460"), "|\U00013460|");  // Egyptian hieroglyphs, extended
  EXPECT_EQ(matches(R"([^\p{L}])", "\U00013460!"), "|!|");
  EXPECT_EQ(matches(R"(\P{L})", "\U00013460!"), "|!|");
  EXPECT_EQ(matches(R"(\p{N}+)", "x\U000116D0\U000116D1"), "|\U000116D0\U000116D1|");
  EXPECT_EQ(matches(R"(\p{Lu})", "\uA7CB\uA7CD"), "|\uA7CB|");  // a new capital and a new small letter
  EXPECT_EQ(matches(R"(\p{Han}+)", "漢\U0002EBF0か"), "|漢\U0002EBF0|");
}

TEST(Pattern, ClassesWithinAClassAreJoined) {
  // As in BLOOM's pattern: a comma within the inner brackets ends a word.
  EXPECT_EQ(matches(" ?[^(\\s|[.,!?])]+", "a b,c|d"), "|a| b|c|d|");
  EXPECT_EQ(matches("[a[bc]]+", "xabcx]"), "|abc|");
}

TEST(Pattern, EscapesOfOniguruma) {
  EXPECT_EQ(matches(R"(\u0041+)", "xAAx"), "|AA|");
  EXPECT_EQ(matches(R"(\h+)", "xyz1Fg"), "|1F|");
  EXPECT_EQ(matches(R"(\p{^L}+)", "a1 b"), "|1 |");
  EXPECT_EQ(matches(R"(\w+)", "é_1²-x"), "|é_1²|x|");
  EXPECT_EQ(matches("a{,2}b", "aaab"), "|aab|");
  EXPECT_EQ(matches("^b$", "a\nb\nc"), "|b|");
}

TEST(Pattern, EmptyMatchesCountUnlessTheyTouchTheLast) {
  std::vector<size_t> places;
  Pattern(R"((?=(\d{3})+(?!\d)))", "test").for_each("x1234567", [&](size_t begin, size_t end) {
    EXPECT_EQ(begin, end);
    places.push_back(begin);
  });
  EXPECT_EQ(places, (std::vector<size_t>{2, 5}));
  EXPECT_EQ(matches("a*", "baac"), "||aa||");
}

TEST(Pattern, LongRunsDoNotExhaustTheMatcher) {
  const std::string text(1 << 20, 'a');
  EXPECT_EQ(matches(R"((?:a|b)+)", text), "|" + text + "|");
}

// Patterns that are made to take for ever, each on a text that a page holds: some by going back over and over
// in one search, some by searching the whole text for each character of it.
TEST(Pattern, SearchesThatDoNotEndAreGivenUp) {
  const std::string run(20'000, 'a');
  const auto complaint = [](const std::string& pattern, const std::string& text) -> std::string {
    try {
      Pattern(pattern, "test").for_each(text, [](size_t, size_t) {});
    } catch (const Error& error) {
      return error.message();
    }
    return "";
  };
  for (const char* pattern : {"(?:a|aa)+[bc]", "(a*)*[bc]", "a*a*a*a*a*a*\\B(?:b|c)"})
    EXPECT_THAT(complaint(pattern, run), ::testing::HasSubstr("gave up on a text of 20000 bytes")) << pattern;
  EXPECT_THAT(complaint("(?=(?:a|c)*+d)|a", std::string(100'000, 'a')),
              ::testing::HasSubstr("it takes too long"));
  EXPECT_THAT(complaint("(?(DEFINE)(?<back>b\\K))a(?=(?&back))", "ab"),
              ::testing::HasSubstr("finds what it has passed"));
}

TEST(Pattern, OfUnlimitedLengthAreRefused) {
  EXPECT_EQ(fault_of(std::string(70'000, 'a')), "a regular expression of 70000 bytes; at most 65536");
  EXPECT_THAT(fault_of(std::string(60'000, '(')), ::testing::HasSubstr("malformed regular expression"));
  EXPECT_THAT(fault_of("a\\C"), ::testing::HasSubstr("malformed regular expression"));
}

TEST(Pattern, WhatCannotBeSaidIsRefused) {
  EXPECT_THAT(fault_of("[a&&b]"), ::testing::HasSubstr("an intersection of classes is not supported"));
  EXPECT_THAT(fault_of("[a[^b]]"), ::testing::HasSubstr("a negated class within a class is not supported"));
  EXPECT_THAT(fault_of("[a\\W]"), ::testing::HasSubstr("a negated set of characters within a class"));
  EXPECT_THAT(fault_of("(?m:.)"), ::testing::HasSubstr("(?m)"));
  EXPECT_THAT(fault_of("a{1,2}+"), ::testing::HasSubstr("+ after"));
  EXPECT_THAT(fault_of("(a"), ::testing::HasSubstr("malformed regular expression"));
  EXPECT_THAT(fault_of("\\p{Nonsense}"), ::testing::HasSubstr("malformed regular expression"));
}

}  // namespace
}  // namespace xlt
