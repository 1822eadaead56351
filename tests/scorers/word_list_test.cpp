// SPDX-License-Identifier: Apache-2.0
// What a word list finds and what it does not.
#include "scratch_folder.h"

#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/scorers/scorer.h"

namespace xlt {
namespace {

class WordList : public FolderTest {
 protected:
  void list(const std::string& file, const std::string& text) const {
    make_folders((folder_ / "lists" / file).parent_path());
    write_file(folder_ / "lists" / file, text);
  }
  std::unique_ptr<TextScorer> scorer() const {
    return make_scorer("word_list:" + (folder_ / "lists").string(), {});
  }
  ScoreResult result(const std::string& text, const std::string& language) const {
    const ScoreRequest request{text, language};
    return scorer()->score({&request, 1})[0];
  }
  // 1, 0, or −1 for Unscored.
  double hit(const std::string& text, const std::string& language) const {
    const ScoreResult scored = result(text, language);
    return std::holds_alternative<Score>(scored) ? std::get<Score>(scored).value : -1;
  }
};

TEST_F(WordList, WholeWordsAreFoundAndPartsOfWordsAreNot) {
  list("en.txt", "fool\nold hag\n");
  EXPECT_EQ(hit("What a fool.", "en"), 1);
  EXPECT_EQ(hit("foolish", "en"), 0);
  EXPECT_EQ(hit("tomfool", "en"), 0);
  EXPECT_EQ(hit("FOOL", "en"), 1);
}

TEST_F(WordList, PhrasesAreFoundAsSequencesOfWords) {
  list("en.txt", "old hag\nold goat\n");
  EXPECT_EQ(hit("that old, grey goat", "en"), 0);
  EXPECT_EQ(hit("That Old\nGoat!", "en"), 1);
  EXPECT_EQ(hit("the hag is old", "en"), 0);
  EXPECT_EQ(hit("so old", "en"), 0);
}

TEST_F(WordList, CaseAndAccentsAreFolded) {
  list("fr.txt", "Crétin\n");
  list("de.txt", "großmaul\n");
  list("ru.txt", "дурак\n");
  list("ar.txt", "أحمق\n");
  EXPECT_EQ(hit("quel CRETIN", "fr"), 1);
  EXPECT_EQ(hit("quel cre\xCC\x81tin", "fr"), 1);  // e + combining acute
  EXPECT_EQ(hit("GROSSMAUL", "de"), 1);
  EXPECT_EQ(hit("Ну ты и ДУРАК!", "ru"), 1);
  EXPECT_EQ(hit("дураки", "ru"), 0);
  EXPECT_EQ(hit("يا أَحْمَق", "ar"), 1);  // with vowel marks
}

TEST_F(WordList, ScriptsWithoutSpacesMatchSubstrings) {
  list("zh.txt", "笨蛋\nsb\n");
  list("ja.txt", "ばか\n");
  list("th.txt", "โง่\n");
  EXPECT_EQ(hit("你这个大笨蛋啊", "zh"), 1);
  EXPECT_EQ(hit("聪明", "zh"), 0);
  EXPECT_EQ(hit("おまえはばかだ", "ja"), 1);
  EXPECT_EQ(hit("เขาโง่มาก", "th"), 1);
}

TEST_F(WordList, LatinEntryOfAnUnspacedLanguageIsAWholeWord) {
  list("zh.txt", "sb\n");
  EXPECT_EQ(hit("他是 SB 吧", "zh"), 1);
  EXPECT_EQ(hit("usb线", "zh"), 0);
}

TEST_F(WordList, DevanagariVowelSignsAreLettersNotAccents) {
  list("hi.txt", "पागल\n");
  EXPECT_EQ(hit("वह पागल है", "hi"), 1);
  EXPECT_EQ(hit("वह पगल है", "hi"), 0);
}

TEST_F(WordList, TsvReadsConservativeLemmas) {
  list("de.tsv",
       "id\tpos\tcategory\tstereotype\tlemma\tlevel\n"
       "1\tn\tx\tno\tidiot\tconservative\n2\tn\tx\tno\tgurke\tinclusive\n");
  EXPECT_EQ(hit("du Idiot", "de"), 1);
  EXPECT_EQ(hit("du Gurke", "de"), 0);
}

TEST_F(WordList, ParentFolderUnitesItsLists) {
  list("one/en.txt", "fool\n");
  list("two/en.txt", "dolt\n");
  EXPECT_EQ(hit("a fool", "en"), 1);
  EXPECT_EQ(hit("a dolt", "en"), 1);
}

TEST_F(WordList, RegionAndNorwegianVariantsUseTheLanguagesList) {
  list("pt.txt", "tolo\n");
  list("no.txt", "tosk\n");
  EXPECT_EQ(hit("que tolo", "pt-BR"), 1);
  EXPECT_EQ(hit("din tosk", "nb"), 1);
}

TEST_F(WordList, NoListAndNoTextAreUnscored) {
  list("en.txt", "fool\n");
  EXPECT_EQ(std::get<Unscored>(result("mpumbavu", "sw")).text(), "no word list for sw");
  EXPECT_EQ(std::get<Unscored>(result(" \n", "en")).text(), "empty text");
  EXPECT_EQ(scorer()->refusal("sw"), (Unscored{Reason::kNoWordList, "sw"}));
  EXPECT_FALSE(scorer()->refusal("en-GB"));
}

TEST_F(WordList, FolderWithoutListsIsRefused) {
  EXPECT_THROW(scorer(), Error);
  list("README.md", "nothing");
  EXPECT_THROW(scorer(), Error);
}

TEST_F(WordList, IsKnownByTheContentOfItsLists) {
  list("en.txt", "fool\n");
  const std::string hash = scorer()->hash();
  fs::copy(folder_ / "lists", folder_ / "elsewhere");
  EXPECT_EQ(make_scorer("word_list:" + (folder_ / "elsewhere").string(), {})->hash(), hash);
  list("en.txt", "dolt\n");
  EXPECT_NE(scorer()->hash(), hash);
}

TEST_F(WordList, WithoutAFolderIsTheDataFoldersOwn) {
  list("en.txt", "fool\n");
  fs::create_directories(folder_ / "data");
  fs::rename(folder_ / "lists", folder_ / "data" / "toxic_words");
  EXPECT_FALSE(make_scorer("word_list", {.data = folder_ / "data"})->refusal("en"));
  EXPECT_THROW(make_scorer("word_list", {}), Error);
}

}  // namespace
}  // namespace xlt
