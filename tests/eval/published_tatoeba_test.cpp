// SPDX-License-Identifier: Apache-2.0
// The published preparation of Tatoeba's files against pandas and numpy.
#include "eval/published_tatoeba.h"

#include "eval/eval_testing.h"

namespace xlt {
namespace {

// numpy 2.4: RandomState(42).permutation(10).
TEST(RandomState, PermutesAsNumpy) {
  EXPECT_EQ(random_state_permutation(42, 10), (std::vector<int64_t>{8, 1, 5, 0, 7, 2, 9, 4, 3, 6}));
  EXPECT_EQ(random_state_permutation(42, 1), std::vector<int64_t>{0});
  EXPECT_TRUE(random_state_permutation(42, 0).empty());
}

class PublishedTatoeba : public EvalTest {
 protected:
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  Pairs prepared(const std::string& language) const {
    std::vector<fs::path> files;
    for (const std::string& tag : tatoeba_languages()) files.push_back(data() / "tatoeba" / (tag + ".tsv"));
    Pairs pairs;
    for (const TatoebaSentence& sentence : published_tatoeba(files, language))
      pairs.emplace_back(sentence.id, sentence.text);
    return pairs;
  }
  void three_languages() const {
    write_data(
        "tatoeba/de.tsv",
        "1\t\"Ja\t10\tYes\n2\tNein\"\t11\tNo\n3\tGut\t12\tGood\n4\tNA\t13\tMissing\n5\tDoppelt\t12\tGood\n"
        "6\t\"a \"\"b\"\" c\"d\t14\tQuoted\n7\tHund\t15\tDog\n8\tKatze\t16\tCat\n");
    write_data("tatoeba/fr.tsv",
               "1\tChien\t15\tDog\n2\tChat\t16\tCat\n3\tBon\t12\tGood\n4\tOiseau\t9\tBird\n5\tdit "
               "\"oui\"\t20\tSays\n");
    write_data("tatoeba/tr.tsv", "1\tKedi\t16\tCats\n2\tKu\u015f\t9\tBird\n");
  }
};

// pandas 3.1, as process_tatoeba.py is described: read_csv, drop_duplicates("en_id"), sample(frac=1,
// random_state=42), merge(how="outer"), sample again. A quote swallows a row, one inside a cell does not; the
// second "Good" is a duplicate; "NA" is missing; two English texts of one id are two rows.
TEST_F(PublishedTatoeba, G14EqualsPandas) {
  three_languages();
  EXPECT_EQ(prepared("de"), (Pairs{{"11", "Ja\t10\tYes\n2\tNein"},
                                   {"15", "Hund"},
                                   {"12", "Gut"},
                                   {"14", "a \"b\" cd"},
                                   {"16", "Katze"}}));
  EXPECT_EQ(prepared("fr"),
            (Pairs{{"15", "Chien"}, {"9", "Oiseau"}, {"20", "dit \"oui\""}, {"12", "Bon"}, {"16", "Chat"}}));
  EXPECT_EQ(prepared("tr"), (Pairs{{"16", "Kedi"}, {"9", "Ku\u015f"}}));
  EXPECT_EQ(prepared("en"), (Pairs{{"16", "Cats"},
                                   {"11", "No"},
                                   {"15", "Dog"},
                                   {"9", "Bird"},
                                   {"20", "Says"},
                                   {"12", "Good"},
                                   {"14", "Quoted"},
                                   {"13", "Missing"},
                                   {"16", "Cat"}}));
}

TEST_F(PublishedTatoeba, ServesTheContinuationBenchmarkWhereTheQuirkIsAskedFor) {
  three_languages();
  options_.benchmarks = {"continuation"};
  options_.langs = {"de"};
  options_.quirks = {"G14"};
  options_.limit = 2;
  const Json report = run();
  ASSERT_EQ(lm_.generate_requests.size(), 2);
  EXPECT_EQ(lm_.generate_requests[1].prompt, "Hund");
  EXPECT_EQ(lm_.generate_requests[1].id, "continuation/de/15");
  // Which rows there are depends on all files.
  EXPECT_TRUE(
      cell(report, "continuation", "de", "paper").at("settings").at("data").contains("tatoeba/tr.tsv"));
}

TEST_F(PublishedTatoeba, FilesOfOtherColumnsAndOpenQuotesAreRefusedByPlace) {
  write_data("tatoeba/de.tsv", "Hallo\tHello\n");
  EXPECT_THROW(prepared("de"), Error);
  write_data("tatoeba/de.tsv", "1\ta\t2\tb\n1\t\"a\t2\tb\n");
  try {
    prepared("de");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("de.tsv:2"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace xlt
