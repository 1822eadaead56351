// SPDX-License-Identifier: Apache-2.0
// The named data sets: their fields, their filters, and how `data` names them.
#include "dataset/data_testing.h"
#include "dataset/preset.h"

#include <algorithm>

#include "xlt/base/json.h"
#include "xlt/dataset/record.h"

namespace xlt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Presets : public DataTest {};

TEST_F(Presets, AreSortedByName) {
  EXPECT_THAT(preset_names(), ElementsAre("biasdpo", "detoxdpo", "jigsaw", "panda"));
}

TEST_F(Presets, PandaTrainsOnThePerturbedText) {
  const auto records =
      load_sft("panda=" + file("p.jsonl",
                               "{\"original\":\"her\",\"selected_word\":\"her\",\"target_attribute\":\"man\","
                               "\"perturbed\":\"his <SEP>\\n\"}\n"),
               {});
  ASSERT_EQ(records.size(), 1u);
  EXPECT_TRUE(records[0].is_text);
  EXPECT_EQ(records[0].completion, "his <SEP>\n");  // as published: nothing is trimmed
}

// The annotated shards of PANDA name the changed text otherwise.
TEST_F(Presets, PandaTakesBothPublishedShapes) {
  const auto records =
      load_sft("panda=" + file("p.jsonl",
                               "{\"original\":\"her\",\"rewrite\":\"his\",\"selected_word\":\"her\","
                               "\"perturbed_category\":\"man\",\"source_data_type\":\"wiki\"}\n"),
               {});
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].completion, "his");
  const Error e = error_of([&] { load_sft("panda=" + file("q.jsonl", "{\"original\":\"her\"}\n"), {}); });
  EXPECT_THAT(e.what(), HasSubstr("\"perturbed\""));
}

// A 25th of the annotated shards, where it is there; counts by Python's json.
TEST_F(Presets, PandaIsReadAsItWasPublished) {
  const fs::path published = fs::path(XLT_SOURCE_DIR) / ".." / "shared" / "data" / "panda_en" / "pairs.jsonl";
  if (!fs::exists(published)) GTEST_SKIP() << "no published file at " << published;
  int64_t bytes = 0, marked = 0, ended = 0;
  const auto records = load_sft("panda=" + published.string(), {});
  for (const SftRecord& record : records) {
    EXPECT_TRUE(record.is_text);
    bytes += static_cast<int64_t>(record.completion.size());
    marked += record.completion.find("<SEP>") != std::string::npos;
    ended += record.completion.ends_with('\n');
  }
  EXPECT_EQ(records.size(), 4224u);
  EXPECT_EQ(bytes, 4037952);
  EXPECT_EQ(marked, 1664);
  EXPECT_EQ(ended, 298);
}

TEST_F(Presets, JigsawTakesTheRatingOfTheFilesPublishedLater) {
  const auto records =
      load_sft("jigsaw=" + file("t.csv", "id,toxicity,comment_text\n1,0.05,kept\n2,0.4,rude\n"), {});
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].completion, "kept");
}

TEST_F(Presets, JigsawKeepsCommentsRatedBelowATenth) {
  const auto records =
      load_sft("jigsaw=" + file("j.csv",
                                "id,target,comment_text\n1,0.0999,kept\n2,0.1,at the limit\n3,0.8,rude\n"
                                "4,0,\"also, kept\"\n5,nan,unrated\n"),
               {});
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].completion, "kept");
  EXPECT_EQ(records[1].completion, "also, kept");
}

TEST_F(Presets, JigsawWithoutAnyMildCommentIsAnError) {
  const std::string data = "jigsaw=" + file("j.csv", "target,comment_text\n0.9,rude\n");
  const Error e = error_of([&] { load_sft(data, {}); });
  EXPECT_EQ(e.kind(), ErrorKind::kData);
  EXPECT_THAT(e.message(), HasSubstr("filter"));
}

TEST_F(Presets, JigsawRatingMustBeANumber) {
  const std::string data = "jigsaw=" + file("j.csv", "target,comment_text\nlow,text\n");
  const Error e = error_of([&] { load_sft(data, {}); });
  EXPECT_EQ(e.kind(), ErrorKind::kData);
  EXPECT_THAT(e.what(), HasSubstr("j.csv:2: field \"target\" is not a number: \"low\""));
}

TEST_F(Presets, BiasDpoHasTheUsualFields) {
  const std::string data =
      "biasdpo=" + file("b.jsonl", "{\"prompt\":\"Q\",\"chosen\":\"fair\",\"rejected\":\"unfair\"}\n");
  const auto pairs = load_preference(data, {});
  ASSERT_EQ(pairs.size(), 1u);
  EXPECT_EQ(pairs[0].rejected, "unfair");
}

TEST_F(Presets, DetoxDpoChoosesTheUnperturbedContinuation) {
  const std::string data = "detoxdpo=" + file("split_0.jsonl",
                                              "{\"prompt_text\":\"Q\",\"unpert_gen_text\":\" mild\","
                                              "\"pert_gen_text\":\" rude\",\"prompt_input_ids\":[1,2]}\n");
  const auto pairs = load_preference(data, {});
  ASSERT_EQ(pairs.size(), 1u);
  EXPECT_EQ(pairs[0].prompt, "Q");
  EXPECT_EQ(pairs[0].chosen, " mild");
  EXPECT_EQ(pairs[0].rejected, " rude");
}

TEST_F(Presets, PreferenceDataAsSftIsPromptSpaceChosen) {
  const std::string row = "{\"prompt\":\"Q\",\"chosen\":\"fair\",\"rejected\":\"unfair\"}\n";
  const auto records = load_sft("biasdpo=" + file("b.jsonl", row), {});
  ASSERT_EQ(records.size(), 1u);
  EXPECT_TRUE(records[0].is_text);
  EXPECT_EQ(records[0].completion, "Q fair");
}

TEST_F(Presets, PairsAsTextsMayBeJoinedByOneSpaceAtMost) {
  DataFields fields;
  fields.pair_separator = "auto";
  const auto joined = [&](const std::string& prompt, const std::string& chosen) {
    const Json row = {{"prompt", prompt}, {"chosen", chosen}, {"rejected", "no"}};
    return load_sft("biasdpo=" + file("b.jsonl", dump_json(row) + "\n"), fields)[0].completion;
  };
  EXPECT_EQ(joined("Q", "fair"), "Q fair");
  EXPECT_EQ(joined("Q", " fair"), "Q fair");
  EXPECT_EQ(joined("Q\n", "fair"), "Q\nfair");
}

TEST_F(Presets, BareFilesAreReadByTheRecipesPreset) {
  const std::string panda = file("p.jsonl", "{\"original\":\"a\",\"perturbed\":\"b\"}\n"),
                    usual = file("t.jsonl", "{\"text\":\"a\"}\n");
  EXPECT_EQ(with_preset(panda, "panda"), "panda=" + panda);
  EXPECT_EQ(with_preset(panda + "," + usual, "panda"), "panda=" + panda + "," + usual);
  EXPECT_EQ(with_preset(usual, "panda"), usual);  // rows in the usual fields
  EXPECT_EQ(with_preset("jigsaw=" + panda, "panda"), "jigsaw=" + panda);
}

TEST_F(Presets, TextPresetIsNoPreferenceData) {
  const std::string data = "panda=" + file("p.jsonl", "{\"perturbed\":\"x\"}\n");
  EXPECT_EQ(error_of([&] { load_preference(data, {}); }).kind(), ErrorKind::kUsage);
}

TEST_F(Presets, SeveralFilesFollowOnePreset) {
  const std::string one = file("0.jsonl", "{\"perturbed\":\"a\"}\n"),
                    two = file("1.jsonl", "{\"perturbed\":\"b\"}\n");
  EXPECT_EQ(load_sft("panda=" + one + "," + two, {}).size(), 2u);
  EXPECT_THAT(data_files("panda=" + one + "," + two), ElementsAre(fs::path(one), fs::path(two)));
}

TEST_F(Presets, BareNameSaysWhichFileToGet) {
  for (const std::string data : {"jigsaw", "jigsaw="}) {
    const Error e = error_of([&] { load_sft(data, {}); });
    EXPECT_EQ(e.kind(), ErrorKind::kUsage);
    EXPECT_THAT(e.message(), HasSubstr("jigsaw=FILE"));
    EXPECT_THAT(e.message(), HasSubstr("train.csv"));
    EXPECT_THAT(e.message(), HasSubstr("nothing is downloaded"));
  }
}

TEST_F(Presets, UnknownNameOffersTheNearest) {
  for (const std::string data : {"biasdop=pairs.jsonl", "biasdop"}) {
    const Error e = error_of([&] { load_preference(data, {}); });
    EXPECT_EQ(e.kind(), ErrorKind::kUsage);
    EXPECT_THAT(e.message(), HasSubstr("did you mean \"biasdpo\"?"));
  }
}

TEST_F(Presets, EqualsSignInAPathIsNoPreset) {
  const std::string path = file("lr=3.jsonl", "{\"text\":\"x\"}\n");
  EXPECT_EQ(load_sft(path, {}).size(), 1u);
  EXPECT_EQ(load_sft(path + "," + path, {}).size(), 2u);
}

TEST_F(Presets, NoFileAtAllIsAUsageError) {
  EXPECT_EQ(error_of([] { load_sft("", {}); }).kind(), ErrorKind::kUsage);
  EXPECT_EQ(error_of([] { load_sft(",", {}); }).kind(), ErrorKind::kUsage);
}

}  // namespace
}  // namespace xlt
