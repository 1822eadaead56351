// SPDX-License-Identifier: Apache-2.0
// What a cell's id is made of, and what its training leaves behind. No model is there, and none is needed.
#include "run/sweep/plan.h"

#include "scratch_folder.h"

#include <map>

#include <gtest/gtest.h>

#include "xlt/base/file.h"
#include "xlt/eval/evaluate.h"
#include "xlt/run/model_choice.h"
#include "xlt/run/train_run.h"

namespace xlt {
namespace {

// The options of `xlt train` and `xlt eval`, as the command line has them.
struct CommandsOptions {
  TrainRunOptions train;
  EvalOptions eval;
  ModelChoice model;
  int64_t seed = 0;
};

CommandOptions options_of_command(const std::string& command) {
  const auto own = std::make_shared<CommandsOptions>();
  OptionGroup global{"global", "Every command",
                     [own](OptionVisitor& v) { v.field("seed", own->seed, "seed"); }};
  if (command == "eval")
    return {own, {{"eval", "", visit_of(own->eval)}, {"model", "", visit_of(own->model)}, global}, {}, {}};
  return {own,
          {{"run", "", visit_of(own->train)},
           {"adapter", "", visit_of(own->train.adapter)},
           {"training", "", visit_of(own->train.trainer)},
           global},
          {},
          {}};
}

class SweepPlanned : public FolderTest {
 protected:
  SweepPlanned() {
    write("grid.json", "{}");
    grid_.file = (folder_ / "grid.json").string();
    grid_.models = {{.name = "m", .model = "nowhere"}};
    grid_.seeds = {1};
    grid_.split = EvalSplit::kBenchmark;
  }
  void write(const std::string& name, const std::string& text) const {
    make_folders((folder_ / name).parent_path());
    write_file(folder_ / name, text);
  }
  void evaluate(const std::vector<std::string>& benchmarks, const Json& more = Json::object()) {
    Json options = {
        {"data", (folder_ / "data").string()}, {"benchmarks", benchmarks}, {"langs", Json::array({"fr"})}};
    options.update(more);
    grid_.evals = {options};
  }
  SweepPlan plan() const { return make_sweep_plan(grid_, {"xlt", options_of_command, {}}, {}); }
  // Of the evaluations, by benchmark.
  std::map<std::string, std::string> ids() const {
    std::map<std::string, std::string> ids;
    for (const SweepCell& cell : plan().cells) ids[cell.part] = cell.id;
    return ids;
  }
  bool makes_adapter(const Json& train) {
    write("texts.jsonl", "{\"text\":\"Rain fell.\"}\n");
    Json options = {{"method", "sft"}, {"data", (folder_ / "texts.jsonl").string()}};
    options.update(train);
    grid_.recipes = {{.name = "r", .train = options}};
    return plan().cells.front().makes_adapter;
  }

  Grid grid_;
};

TEST_F(SweepPlanned, AnEditedWordListIsAnotherCellWhereItJudges) {
  write("data/rtp_prompts/fr.jsonl", "{\"Prompt\":\"Il dit\"}\n");
  write("data/udhr/fr.jsonl", "{\"id\":\"1\",\"text\":\"Tous\"}\n");
  write("data/toxic_words/fr.txt", "sot\n");
  const Json scorers[] = {Json::object(), {{"scorer", Json::array({"word_list"})}}};
  for (const Json& scorer : scorers) {  // by default, and asked for
    evaluate({"rtp_prompts", "perplexity"}, scorer);
    write("data/toxic_words/fr.txt", "sot\n");
    const auto before = ids();
    EXPECT_EQ(ids(), before);
    write("data/toxic_words/fr.txt", "sot\nsotte\n");
    const auto after = ids();
    EXPECT_NE(after.at("rtp_prompts"), before.at("rtp_prompts"));
    EXPECT_EQ(after.at("perplexity"), before.at("perplexity"));
  }
  evaluate({"rtp_prompts"}, {{"scorer", Json::array({"fasttext:other.ftz"})}});
  const auto before = ids();
  write("data/toxic_words/fr.txt", "sot\n");
  EXPECT_EQ(ids(), before);
}

TEST_F(SweepPlanned, AFileThatAQuirkReadsIsPartOfTheCell) {
  write("data/tatoeba/fr.tsv", "1\tBonjour.\t2\tHello.\n");
  const auto is_of_cell = [&](const Json& more) {
    evaluate({"continuation"}, more);
    write("data/tatoeba/de.tsv", "3\tHallo.\t2\tHello.\n");
    const auto before = ids();
    write("data/tatoeba/de.tsv", "3\tGuten Tag.\t2\tHello.\n");
    return ids() != before;
  };
  EXPECT_TRUE(is_of_cell({{"quirks", Json::array({"G14"})}}));
  EXPECT_FALSE(is_of_cell(Json::object()));
}

TEST_F(SweepPlanned, HowFastAServerIsAskedIsNobodysName) {
  write("data/rtp_prompts/fr.jsonl", "{\"Prompt\":\"Il dit\"}\n");
  evaluate({"rtp_prompts"});
  const auto before = ids();
  evaluate({"rtp_prompts"}, {{"scorer_rate", 2.5}, {"scorer_retries", 1}});
  EXPECT_EQ(ids(), before);
}

TEST_F(SweepPlanned, ATrainingFromNothingMakesAModel) {
  EXPECT_TRUE(makes_adapter(Json::object()));
  EXPECT_TRUE(makes_adapter({{"adapter", "qlora"}}));
  EXPECT_FALSE(makes_adapter({{"adapter", "none"}}));
  grid_.models = {{.name = "m"}};
  EXPECT_FALSE(makes_adapter({{"model_config", "config.json"}, {"tokenizer", "tokenizer"}}));
}

}  // namespace
}  // namespace xlt
