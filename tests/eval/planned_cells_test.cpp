// SPDX-License-Identifier: Apache-2.0
// What an evaluation would read.
#include "xlt/eval/planned_cells.h"

#include "eval/eval_testing.h"

#include <gmock/gmock.h>

namespace xlt {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class PlannedCells : public EvalTest {
 protected:
  PlannedCell planned(const std::string& benchmark) const {
    for (PlannedCell& cell : planned_cells(options_))
      if (cell.benchmark == benchmark) return cell;
    ADD_FAILURE() << "no cell of " << benchmark;
    return {};
  }
  // In the data folder.
  std::vector<std::string> names(const std::vector<fs::path>& files) const {
    std::vector<std::string> names;
    for (const fs::path& file : files) names.push_back(file.lexically_relative(data()).generic_string());
    return names;
  }
};

TEST_F(PlannedCells, TheDataFoldersWordListsAreThoseOfWhatTheyJudge) {
  write_data("rtp_prompts/en.jsonl", "{\"Prompt\":\"He said\"}\n");
  write_data("udhr/en.jsonl", "{\"id\":\"1\",\"text\":\"All\"}\n");
  write_data("toxic_words/en.txt", "fool\n");
  write_data("toxic_words/mild/fr.txt", "sot\n");
  options_.benchmarks = {"rtp_prompts", "perplexity"};
  EXPECT_THAT(names(planned("rtp_prompts").files), ElementsAre("rtp_prompts/en.jsonl"));
  EXPECT_THAT(names(planned("rtp_prompts").others),
              ElementsAre("toxic_words/en.txt", "toxic_words/mild/fr.txt"));
  EXPECT_THAT(names(planned("perplexity").others), IsEmpty());
  options_.scorer = {"word_list"};
  EXPECT_EQ(planned("rtp_prompts").others.size(), 2u);
  // One that it names is an option's to say.
  options_.scorer = {"word_list:" + (data() / "toxic_words").string()};
  EXPECT_THAT(names(planned("rtp_prompts").others), IsEmpty());
}

TEST_F(PlannedCells, WhatAQuirkReadsIsListedWhereItIsAskedFor) {
  write_data("tatoeba/de.tsv", "3\tHallo.\t2\tHello.\n");
  write_data("tatoeba/fr.tsv", "1\tBonjour.\t2\tHello.\n");
  write_data("language_confusion/words.txt", "hello\n");
  options_.benchmarks = {"continuation"};
  options_.langs = {"fr"};
  EXPECT_THAT(names(planned("continuation").others), ElementsAre("language_confusion/words.txt"));
  options_.quirks = {"G14"};
  EXPECT_THAT(names(planned("continuation").files), ElementsAre("tatoeba/fr.tsv"));
  EXPECT_THAT(names(planned("continuation").others),
              ElementsAre("language_confusion/words.txt", "tatoeba/de.tsv", "tatoeba/fr.tsv"));
}

}  // namespace
}  // namespace xlt
