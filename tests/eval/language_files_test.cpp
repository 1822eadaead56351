// SPDX-License-Identifier: Apache-2.0
// Names that files have, and the languages they are read as.
#include "eval/language_files.h"

#include "scratch_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/file.h"

namespace xlt {
namespace {

using ::testing::ElementsAre;

class LanguageFilesTest : public FolderTest {
 protected:
  void put(const std::string& name) const {
    fs::create_directories((folder_ / name).parent_path());
    write_file(folder_ / name, "x");
  }
  std::string name_of(const LanguageFiles& files, const std::string& language) const {
    return files.file(language).lexically_relative(folder_).string();
  }
};

TEST_F(LanguageFilesTest, WhatIsListedIsWhatIsRead) {
  for (const char* name : {"a/pt_BR.csv", "a/fr.csv", "a/ZH-Hant.csv", "a/notes.csv", "a/de.txt", "a/.csv"})
    put(name);
  const LanguageFiles files(folder_, "a/{lang}.csv");
  EXPECT_THAT(files.languages(), ElementsAre("fr", "pt-BR", "zh-Hant"));
  EXPECT_EQ(name_of(files, "pt-BR"), "a/pt_BR.csv");
  EXPECT_EQ(name_of(files, "zh-Hant"), "a/ZH-Hant.csv");
  EXPECT_FALSE(files.has("zh"));  // another script is another text
  EXPECT_FALSE(files.has("pt"));
  EXPECT_EQ(name_of(files, "de"), "a/de.csv");  // the name it would have
}

TEST_F(LanguageFilesTest, PublishedNamesStandForALanguageAndForThemselves) {
  for (const char* name : {"RTP_LX_ZH-Hans.json", "RTP_LX_NO-NB.json", "RTP_LX_EN.json"}) put(name);
  const LanguageFiles files(folder_, "RTP_LX_{lang}.json",
                            {{"ZH-Hans", "zh"}, {"NO-NB", "nb"}, {"SV-SE", "sv"}});
  EXPECT_THAT(files.languages(), ElementsAre("en", "nb", "zh"));
  for (const char* tag : {"zh", "zh-Hans"}) EXPECT_EQ(name_of(files, tag), "RTP_LX_ZH-Hans.json");
  EXPECT_EQ(name_of(files, "nb"), "RTP_LX_NO-NB.json");
  EXPECT_EQ(name_of(files, "sv"), "RTP_LX_SV-SE.json");
}

TEST_F(LanguageFilesTest, AScriptThatGoesWithoutSayingMayBeSaid) {
  put("zh_Hans.txt");
  put("ru.txt");
  const LanguageFiles files(folder_, "{lang}.txt");
  EXPECT_THAT(files.languages(), ElementsAre("ru", "zh-Hans"));
  EXPECT_EQ(name_of(files, "zh"), "zh_Hans.txt");
  EXPECT_EQ(name_of(files, "ru-Cyrl"), "ru.txt");
  EXPECT_FALSE(files.has("ru-Latn"));
}

TEST_F(LanguageFilesTest, OfTwoFilesThePublishedNameWins) {
  put("fr.csv");
  put("fr_FR.csv");
  EXPECT_EQ(name_of(LanguageFiles(folder_, "{lang}.csv", {{"fr_FR", "fr"}}), "fr"), "fr_FR.csv");
  EXPECT_THAT(LanguageFiles(folder_, "{lang}.csv", {{"fr_FR", "fr"}}).languages(), ElementsAre("fr"));
}

TEST_F(LanguageFilesTest, TheLanguageMayBeAFolder) {
  put("mmlu/sw/test.jsonl");
  put("mmlu/yo/dev.jsonl");
  const LanguageFiles files(folder_, "mmlu/{lang}/test.jsonl");
  EXPECT_THAT(files.languages(), ElementsAre("sw"));
  EXPECT_EQ(name_of(files, "sw"), "mmlu/sw/test.jsonl");
}

TEST_F(LanguageFilesTest, AFolderThatIsNotThereHasNoLanguages) {
  EXPECT_THAT(LanguageFiles(folder_, "nowhere/{lang}.csv").languages(), ElementsAre());
}

}  // namespace
}  // namespace xlt
