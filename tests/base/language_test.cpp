// SPDX-License-Identifier: Apache-2.0
// The language table is sorted and holds every language of the data; tags are read in any case.
#include "xlt/base/language.h"

#include "base/base_testing.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace xlt {
namespace {

namespace fs = std::filesystem;

TEST(Languages, AreSortedByTagAndEachStandsOnce) {
  const auto languages = known_languages();
  EXPECT_GE(languages.size(), 110u);
  for (size_t i = 1; i < languages.size(); ++i)
    EXPECT_LT(std::string(languages[i - 1].tag), std::string(languages[i].tag));
}

TEST(Languages, HaveANameAndAScriptOfFourLetters) {
  for (const LanguageInfo& language : known_languages()) {
    EXPECT_GT(std::string(language.name).size(), 2u) << language.tag;
    EXPECT_THAT(language.script, testing::MatchesRegex("[A-Z][a-z][a-z][a-z]")) << language.tag;
    EXPECT_THAT(language.tag, testing::MatchesRegex("[a-z][a-z][a-z]?")) << language.name;
  }
}

TEST(Languages, WrittenWithoutSpacesAreThese) {
  std::set<std::string> unspaced;
  for (const LanguageInfo& language : known_languages())
    if (!language.has_word_spaces) unspaced.insert(language.tag);
  EXPECT_EQ(unspaced, (std::set<std::string>{"bo", "ja", "km", "lo", "my", "th", "yue", "zh"}));
}

TEST(Languages, OfThePublishedProtocolAreKnown) {
  for (const char* tag : {"en", "ar", "ca", "cs", "de", "es", "fr", "hi", "id", "it",
                          "ja", "ko", "mt", "nl", "pl", "pt", "ru", "sv", "tr", "zh"})
    EXPECT_NE(find_language(tag), nullptr) << tag;
}

TEST(Languages, OfTheDataFoldersAreKnown) {
  const fs::path data = fs::path(XLT_SOURCE_DIR) / ".." / "shared" / "data";
  if (!fs::exists(data)) GTEST_SKIP() << "the data folder beside the repository is not there";
  int checked = 0;
  for (const char* folder : {"udhr", "rtp_lx/prompts", "rtp_prompts", "tatoeba", "crows_pairs", "stereoset",
                             "hatecheck", "toxic_words/hurtlex", "toxic_words/ldnoobw"}) {
    if (!fs::exists(data / folder)) continue;
    for (const auto& entry : fs::directory_iterator(data / folder)) {
      const std::string stem = entry.path().stem().string();
      if (stem == "SOURCE") continue;
      EXPECT_NO_THROW(parse_language(stem)) << entry.path();
      ++checked;
    }
  }
  EXPECT_GT(checked, 0);
}

TEST(FindLanguage, GoesByThePrimarySubtag) {
  EXPECT_STREQ(find_language("zh-Hant-TW")->name, "Chinese");
  EXPECT_STREQ(find_language("PT_br")->tag, "pt");
  EXPECT_STREQ(find_language("yue")->script, "Hant");
  EXPECT_EQ(find_language("xx"), nullptr);
  EXPECT_EQ(find_language(""), nullptr);
  EXPECT_EQ(find_language("English"), nullptr);
}

TEST(ParseLanguage, WritesTheTagAsBcp47Does) {
  EXPECT_EQ(parse_language("en"), "en");
  EXPECT_EQ(parse_language("EN_us"), "en-US");
  EXPECT_EQ(parse_language("ZH-hant-tw"), "zh-Hant-TW");
  EXPECT_EQ(parse_language("es-419"), "es-419");
  EXPECT_EQ(parse_language("FR-ca-U-SD-CAQC"), "fr-CA-u-sd-caqc");  // lower case after a singleton
}

TEST(ParseLanguage, RefusesWhatItDoesNotKnowAndOffersTheNearest) {
  const Error error = error_of([] { parse_language("eng"); });
  EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  EXPECT_STREQ(
      error.what(),
      "unknown language \"eng\": expected a BCP-47 tag such as en, pt-BR, zh-Hans; did you mean \"en\"?");
  for (const char* tag : {"", "-", "en-", "en--US", "en US", "en-waytoolongsubtag", "q"})
    EXPECT_EQ(error_of([&] { parse_language(tag); }).kind(), ErrorKind::kUsage) << tag;
}

TEST(LanguageName, IsEnglishOrTheTagItself) {
  EXPECT_EQ(language_name("sw"), "Swahili");
  EXPECT_EQ(language_name("pt-BR"), "Portuguese");
  EXPECT_EQ(language_name("qqq"), "qqq");
  EXPECT_EQ(primary_language("pt-BR"), "pt");
}

}  // namespace
}  // namespace xlt
