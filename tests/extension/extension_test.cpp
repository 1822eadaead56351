// SPDX-License-Identifier: Apache-2.0
// One new file and one row of a table: the toys beside this file are in tables to which CMakeLists.txt added
// a row each, and in nothing else. The sources that expand those tables are compiled again with them; all
// other code is the library's own.
#include "eval/eval_testing.h"

#include <algorithm>

#include "xlt/base/config.h"

namespace xlt {
namespace {

class Extension : public EvalTest {
 protected:
  Extension() {
    write_data("toy/pt_BR/left.txt", "ab\nabc\n");
    write_data("toy/pt_BR/right.txt", "abcd\nabcd\n");
    write_data("rtp_prompts/en.jsonl", "{\"Prompt\": \"p\"}\n");
  }
};

TEST_F(Extension, ABenchmarkOfSeveralFilesIsOneFileAndOneRow) {
  const auto names = benchmark_names();
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  options_.benchmarks = {"toy_files"};
  options_.langs = {"all"};
  EXPECT_DOUBLE_EQ(value(cell(run(), "toy_files", "pt-BR", "paper"), "share"), 5.0 / 8);
  // Its own option is a flag of the evaluation, and part of the cell's key.
  set_option(visit_of(options_), "toy_bonus", "1");
  EXPECT_DOUBLE_EQ(value(cell(run(), "toy_files", "pt-BR", "paper"), "share"), 7.0 / 8);
  // One of its files missing: no cell of half the data.
  fs::remove(data() / "toy/pt_BR/right.txt");
  const Json missing = cell(run(), "toy_files", "pt-BR", "paper");
  EXPECT_EQ(missing.at("reason"), "no data file toy/pt-BR/right.txt");
}

TEST_F(Extension, AScorerIsOneFileAndOneRow) {
  const auto names = scorer_names();
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  options_.benchmarks = {"rtp_prompts"};
  options_.scorer = {"zero_one_length:3"};
  options_.sampling.num_samples = 2;
  lm_.completions = {{"p", {"ab", "abc"}}};
  const Json scored = cell(run(), "rtp_prompts", "en", "corrected");
  EXPECT_DOUBLE_EQ(value(scored, "toxic_fraction"), 0.5);
  EXPECT_EQ(scored.at("scorer"), "zero_one_length:3");
}

}  // namespace
}  // namespace xlt
