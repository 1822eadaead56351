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

TEST(Languages, OfPrivateUseAreKnownByTheirTags) {
  EXPECT_EQ(parse_language("qaa"), "qaa");
  EXPECT_EQ(parse_language("QTZ-cyrl"), "qtz-Cyrl");
  EXPECT_EQ(language_name("qab"), "qab");
  EXPECT_FALSE(is_language("qaa", "qab"));
  EXPECT_EQ(find_language("qua"), nullptr);
  EXPECT_EQ(find_language("qu")->name, std::string("Quechua"));
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

TEST(LanguageCodes, AreSortedAndEachLeadsToATagThatStays) {
  const char* codes[] = {
#define X(code, tag) code,
#include "base/language_codes.def"
#undef X
  };
  EXPECT_GE(std::size(codes), 250u);
  for (size_t i = 1; i < std::size(codes); ++i) EXPECT_LT(std::string(codes[i - 1]), std::string(codes[i]));
  for (const char* code : codes) {
    const std::string tag = canonical_language(code);
    EXPECT_NE(primary_language(tag), code);
    EXPECT_EQ(canonical_language(tag), tag) << code;
  }
}

TEST(FindLanguage, GoesByThePrimarySubtag) {
  EXPECT_STREQ(find_language("zh-Hant-TW")->name, "Chinese");
  EXPECT_STREQ(find_language("PT_br")->tag, "pt");
  EXPECT_STREQ(find_language("yue")->script, "Hant");
  EXPECT_STREQ(find_language("iw")->name, "Hebrew");
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

TEST(ParseLanguage, DeprecatedTagsAreTakenAsThePresentOnes) {
  EXPECT_EQ(parse_language("iw"), "he");
  EXPECT_EQ(parse_language("in"), "id");
  EXPECT_EQ(parse_language("ji"), "yi");
  EXPECT_EQ(parse_language("JW"), "jv");
  EXPECT_EQ(parse_language("mo"), "ro");
  EXPECT_EQ(parse_language("sh"), "sr-Latn");
  EXPECT_EQ(parse_language("sh-Cyrl"), "sr-Cyrl");
  EXPECT_EQ(parse_language("sh_BA"), "sr-Latn-BA");
}

TEST(ParseLanguage, CodesOfDataSetsBecomeTags) {
  EXPECT_EQ(parse_language("eng"), "en");
  EXPECT_EQ(parse_language("eng_Latn"), "en");
  EXPECT_EQ(parse_language("arb_Arab"), "ar");
  EXPECT_EQ(parse_language("kor_Hang"), "ko");
  EXPECT_EQ(parse_language("zho_Hans"), "zh-Hans");
  EXPECT_EQ(parse_language("srp_Latn"), "sr-Latn");
  EXPECT_EQ(parse_language("ceb_Latn"), "ceb");
  EXPECT_EQ(parse_language("en-Latn"), "en-Latn");  // asked for in so many words
}

TEST(CanonicalLanguage, TakesCodesOfIso639AndKeepsOthers) {
  for (const auto& [code, tag] :
       std::initializer_list<std::pair<const char*, const char*>>{{"eng_Latn", "en-Latn"},
                                                                  {"cmn_Hani", "zh-Hani"},
                                                                  {"zho_Hant", "zh-Hant"},
                                                                  {"arb_Arab", "ar-Arab"},
                                                                  {"nob_Latn", "nb-Latn"},
                                                                  {"pes_Arab", "fa-Arab"},
                                                                  {"swh_Latn", "sw-Latn"},
                                                                  {"zsm_Latn", "ms-Latn"},
                                                                  {"ekk_Latn", "et-Latn"},
                                                                  {"lvs_Latn", "lv-Latn"},
                                                                  {"npi_Deva", "ne-Deva"},
                                                                  {"ory_Orya", "or-Orya"},
                                                                  {"azj_Latn", "az-Latn"},
                                                                  {"als_Latn", "sq-Latn"},
                                                                  {"zul", "zu"},
                                                                  {"yue_Hant", "yue-Hant"},
                                                                  {"ace_Arab", "ace-Arab"},
                                                                  {"prs", "fa-AF"},
                                                                  {"fa", "fa"},
                                                                  {"", ""}})
    EXPECT_EQ(canonical_language(code), tag) << code;
}

TEST(LanguageKey, IsTheSameForAllTagsOfALanguage) {
  EXPECT_EQ(language_key("pt-BR"), "pt");
  EXPECT_EQ(language_key("nb"), language_key("no"));
  EXPECT_EQ(language_key("nob_Latn"), language_key("nb-NO"));
  EXPECT_EQ(language_key("fil"), language_key("tgl"));
  EXPECT_NE(language_key("nn"), language_key("no"));
  EXPECT_EQ(language_key("iw"), "he");
}

TEST(FullLanguage, NamesTheScriptThatIsUsual) {
  EXPECT_EQ(full_language("zh"), "zh-Hans");
  EXPECT_EQ(full_language("zh_hans"), "zh-Hans");
  EXPECT_EQ(full_language("zh-Hant-TW"), "zh-Hant-TW");
  EXPECT_EQ(full_language("pt-BR"), "pt-Latn-BR");
  EXPECT_EQ(full_language("NO-NB"), full_language("nb"));
  EXPECT_EQ(full_language("no"), full_language("nb"));
  EXPECT_NE(full_language("nn"), full_language("nb"));
  EXPECT_EQ(full_language("eng_Latn"), full_language("en"));
  EXPECT_EQ(full_language("qzz"), "qzz");
}

TEST(IsLanguage, ComparesScriptsWhereBothNameOne) {
  EXPECT_TRUE(is_language("zh", "zh-Hant"));   // lid.176 cannot tell
  EXPECT_TRUE(is_language("zho_Hant", "zh"));  // any script will do
  EXPECT_TRUE(is_language("zho_Hant", "zh-Hant-TW"));
  EXPECT_FALSE(is_language("zho_Hans", "zh-Hant"));
  EXPECT_TRUE(is_language("cmn_Hani", "zh-Hant"));
  EXPECT_TRUE(is_language("jpn_Jpan", "ja"));
  EXPECT_TRUE(is_language("kor_Hang", "ko-Kore"));
  EXPECT_FALSE(is_language("srp_Cyrl", "sr-Latn"));
  EXPECT_TRUE(is_language("sh", "sr"));
  EXPECT_FALSE(is_language("sh", "sr-Cyrl"));
  EXPECT_FALSE(is_language("arz", "ar"));
  EXPECT_FALSE(is_language("yue", "zh"));
  EXPECT_FALSE(is_language("", "en"));
}

TEST(ParseLanguage, RefusesWhatItDoesNotKnowAndOffersTheNearest) {
  const Error error = error_of([] { parse_language("enn"); });
  EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  EXPECT_STREQ(
      error.what(),
      "unknown language \"enn\": expected a BCP-47 tag such as en, pt-BR, zh-Hans; did you mean \"en\"? "
      "(`xlt ls languages` lists all)");
  for (const char* tag : {"", "-", "en-", "en--US", "en US", "en-waytoolongsubtag", "q"})
    EXPECT_EQ(error_of([&] { parse_language(tag); }).kind(), ErrorKind::kUsage) << tag;
}

TEST(ParseLanguage, KnowsLanguagesByTheirEnglishNamesToo) {
  const auto said = [](const char* name) {
    return std::string(error_of([&] { parse_language(name); }).what());
  };
  EXPECT_THAT(said("german"), testing::HasSubstr("did you mean \"de\"?"));
  EXPECT_THAT(said("Portugese"), testing::HasSubstr("did you mean \"pt\"?"));
  EXPECT_THAT(said("Haitian Creole"), testing::HasSubstr("did you mean \"ht\"?"));
  EXPECT_THAT(said("gobbledegook"), testing::Not(testing::HasSubstr("did you mean")));
}

TEST(LanguageName, IsEnglishOrTheTagItself) {
  EXPECT_EQ(language_name("sw"), "Swahili");
  EXPECT_EQ(language_name("pt-BR"), "Portuguese");
  EXPECT_EQ(language_name("qqq"), "qqq");
  EXPECT_EQ(primary_language("pt-BR"), "pt");
}

}  // namespace
}  // namespace xlt
