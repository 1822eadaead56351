// SPDX-License-Identifier: Apache-2.0
#include "run/sweep/cell_folder.h"
#include "run/sweep/contents.h"
#include "run/sweep/grid_checks.h"
#include "run/sweep/plan.h"
#include "run/sweep/plan_change.h"
#include "scratch_folder.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/file.h"
#include "xlt/base/lock.h"
#include "xlt/run/recipe.h"
#include "xlt/text/chat_template.h"

namespace xlt {
namespace {

class SweepParts : public FolderTest {};

// Until it goes, this process works in a folder.
class WorksIn {
 public:
  explicit WorksIn(const fs::path& folder) : before_(fs::current_path()) { fs::current_path(folder); }
  ~WorksIn() { fs::current_path(before_); }

 private:
  fs::path before_;
};

TEST_F(SweepParts, PathsInOptionsStandForTheirContents) {
  write_file(folder_ / "a.jsonl", "{\"text\":\"one\"}\n");
  write_file(folder_ / "b.jsonl", "{\"text\":\"two\"}\n");
  write_file(folder_ / "c.jsonl", "{\"text\":\"one\"}\n");
  const auto of_command = [](const char* command, const std::string& option, const std::string& value) {
    return Contents().of_options(command, {{option, value}}).at(option).get<std::string>();
  };
  const auto of = [&](const std::string& option, const std::string& value) {
    return of_command("train", option, value);
  };
  const std::string a = (folder_ / "a.jsonl").string(), b = (folder_ / "b.jsonl").string(),
                    c = (folder_ / "c.jsonl").string();
  EXPECT_EQ(of("data", a), of("data", c));
  EXPECT_NE(of("data", a), of("data", b));
  EXPECT_EQ(of("data", "panda=" + a + "," + b), of("data", "panda=" + c + "," + b));
  EXPECT_EQ(of("scorer", "fasttext:" + a + "#toxic"), of("scorer", "fasttext:" + c + "#toxic"));
  EXPECT_NE(of("scorer", "fasttext:" + a + "#toxic"), of("scorer", "fasttext:" + a + "#other"));
  // What is no path, and what is not an option of paths, stays what it says.
  EXPECT_EQ(of("data", "nowhere.jsonl"), "nowhere.jsonl");
  EXPECT_EQ(of("method", a), a);
  // Where and how fast it runs is nobody's name.
  const Json left_out = {
      {"threads", 2}, {"output", a}, {"device", "cpu"}, {"scorer_rate", 2.5}, {"scorer_retries", 1}};
  EXPECT_TRUE(Contents().of_options("eval", left_out).empty());
  // A built-in name is no path, whatever lies in the folder that the command runs in.
  const WorksIn here(folder_);
  const std::string recipe = recipes().front().first, format = chat_format_names().front();
  for (const std::string& name : {std::string("lora"), std::string("word_list"), recipe, format}) {
    make_folders(name);
    write_file(fs::path(name) / "notes.txt", "mine\n");
  }
  EXPECT_EQ(of("adapter", "lora"), "lora");
  EXPECT_EQ(of("scorer", "word_list"), "word_list");
  EXPECT_EQ(of("recipe", recipe), recipe);
  EXPECT_EQ(of("chat_template", format), format);
  // What no name can be is one still.
  EXPECT_NE(of_command("eval", "adapter", "lora"), "lora");
  EXPECT_NE(of("model", format), format);
  EXPECT_NE(of("scorer", "word_list:word_list"), "word_list:word_list");
}

TEST_F(SweepParts, PhrasesOfRefusalsAreReadByContent) {
  const auto of = [&](const char* folder) {
    const Json options = {{"refusal_phrases", (folder_ / folder).string()}};
    return Contents().of_options("eval", options).at("refusal_phrases").get<std::string>();
  };
  for (const char* folder : {"one", "two"}) {
    make_folders(folder_ / folder);
    write_file(folder_ / folder / "en.json", "[]");
  }
  EXPECT_EQ(of("one"), of("two"));
  write_file(folder_ / "two" / "en.json", "[1]");
  EXPECT_NE(of("one"), of("two"));
}

TEST_F(SweepParts, ALogHoldsOneDone) {
  const CellFolder cell(folder_, "0123");
  make_folders(cell.path());
  EXPECT_EQ(cell.history().last_event, "");
  cell.append({{"event", "start"}});
  cell.append({{"event", "failed"}, {"message", "a reason"}});
  EXPECT_EQ(cell.history().num_failures, 1);
  EXPECT_EQ(cell.history().message, "a reason");
  cell.append({{"event", "start"}});
  EXPECT_FALSE(cell.history().is_done);
  cell.append({{"event", "done"}, {"seconds", 2.5}});
  cell.append({{"event", "done"}, {"seconds", 9.0}});
  const CellHistory history = cell.history();
  EXPECT_TRUE(history.is_done);
  EXPECT_EQ(history.num_starts, 2);
  EXPECT_EQ(history.seconds, 2.5);
  const std::string log = read_file(cell.path() / "log.jsonl");
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 4);
}

TEST_F(SweepParts, ACellIsClaimedWhileItsLockIsHeld) {
  const CellFolder cell(folder_, "0123");
  make_folders(cell.path());
  EXPECT_FALSE(cell.is_claimed());
  auto lock = LockAttempt(cell.lock_file(), {"runs a cell", cell.path(), 5}).try_take();
  ASSERT_TRUE(lock);
  EXPECT_TRUE(cell.is_claimed());
  lock.reset();
  EXPECT_FALSE(cell.is_claimed());
}

TEST_F(SweepParts, APlanIsReadBackAsItWasWritten) {
  SweepPlan plan;
  plan.grid_hash = "abc";
  plan.cells = {{.id = "1111", .kind = "train", .model = "m", .recipe = "dpo", .seed = 3, .part = "train"},
                {.id = "2222", .kind = "eval", .model = "m", .part = "eval"},
                {.id = "1133", .kind = "eval", .model = "m", .recipe = "dpo", .seed = 3, .part = "eval"}};
  plan.cells[2].needs = {"1111"};
  plan.cells[2].makes_adapter = true;
  plan.cells[0].config = {{"method", "dpo"}};
  plan.arms = {{"m", "", std::nullopt, {{"eval", "2222"}}}, {"m", "dpo", 3, {{"eval", "1133"}}}};
  const SweepPlan again = plan_from_json(to_json(plan), "plan.json");
  EXPECT_EQ(to_json(again), to_json(plan));
  EXPECT_EQ(again.find("22").kind, "eval");
  EXPECT_EQ(again.cells[0].estimate.at("seconds"), Json());
  EXPECT_THROW(again.find("11"), Error);  // two begin so
  EXPECT_THROW(again.find("33"), Error);
}

std::string change_refused(const fs::path& folder, const SweepPlan& before, const SweepPlan& after) {
  try {
    check_plan_change(folder, before, after);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST_F(SweepParts, AGridMayGrowAndNotLoseWhatIsDone) {
  const SweepCell trained{.id = "1111",
                          .kind = "train",
                          .model = "m",
                          .recipe = "dpo",
                          .seed = 3,
                          .part = "train",
                          .config = {{"learning_rate", 0.5}, {"method", "dpo"}}};
  const SweepCell evaluated{.id = "2222", .kind = "eval", .model = "m", .part = "eval"};
  SweepCell other = trained;
  other.id = "3333";
  other.config["learning_rate"] = 0.25;
  SweepPlan before, grown, changed, smaller;
  before.cells = {trained, evaluated};
  grown.cells = {trained, other, evaluated};
  changed.cells = {other, evaluated};
  smaller.cells = {evaluated};
  EXPECT_EQ(change_refused(folder_, before, changed), "");  // nothing is done yet
  const CellFolder cell(folder_, "1111");
  make_folders(cell.path());
  cell.append({{"event", "start"}});
  cell.append({{"event", "failed"}, {"message", "a reason"}});
  EXPECT_EQ(change_refused(folder_, before, changed), "");
  cell.append({{"event", "done"}, {"seconds", 1.0}});
  EXPECT_EQ(change_refused(folder_, before, grown), "");
  EXPECT_THAT(change_refused(folder_, before, changed),
              ::testing::AllOf(::testing::HasSubstr("1 cell"), ::testing::HasSubstr("train m dpo seed 3"),
                               ::testing::HasSubstr("learning_rate 0.5, now 0.25"),
                               ::testing::HasSubstr("--replace")));
  EXPECT_THAT(change_refused(folder_, before, smaller), ::testing::HasSubstr("not in the grid"));
}

TEST(GridChecks, NamesAreThoseOfTheEvaluations) {
  Measured measured;
  measured.add({{.benchmark = "perplexity", .language = "en", .metrics = {"bits_per_byte"}}});
  Grid grid;
  grid.file = "grid.json";
  grid.compare = {{"metrics", {"headline", "bits_per_byte"}}, {"source", "en"}};
  EXPECT_NO_THROW(check_names(grid, measured));
  const auto refused = [&](const Grid& wrong) {
    try {
      check_names(wrong, measured);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kConfig);
      return std::string(error.what());
    }
    return std::string();
  };
  Grid wrong = grid;
  wrong.compare["metrics"] = {"bits_per_bite"};
  EXPECT_THAT(refused(wrong), ::testing::AllOf(::testing::HasSubstr("grid.json: compare.metrics"),
                                               ::testing::HasSubstr("did you mean \"bits_per_byte\"")));
  wrong = grid;
  wrong.compare["source"] = "de";
  EXPECT_THAT(refused(wrong), ::testing::HasSubstr("compare.source"));
  wrong = grid;
  wrong.models = {{.name = "m", .without_benchmarks = {"perplexitie"}}};
  EXPECT_THAT(refused(wrong), ::testing::HasSubstr("models[0].without_benchmarks"));
  wrong = grid;
  wrong.recipes = {{.name = "r", .benchmarks = std::vector<std::string>{"mbbq"}}};
  EXPECT_THAT(refused(wrong), ::testing::HasSubstr("recipes[0].benchmarks"));
}

}  // namespace
}  // namespace xlt
