// SPDX-License-Identifier: Apache-2.0
// The study's recipes: every value of its protocol (1.2, 1.3), its quirks by mode, its counts of steps.
#include "xlt/run/recipe.h"

#include "run/run_testing.h"

#include <gmock/gmock.h>

#include "xlt/base/join.h"

namespace xlt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<OptionGroup> groups_of(TrainRunOptions& options) {
  std::vector<OptionGroup> groups = {{"run", "", visit_of(options)},
                                     {"adapter", "", visit_of(options.adapter)},
                                     {"training", "", visit_of(options.trainer)},
                                     {"fields", "", visit_of(options.fields)}};
  for (MethodOptions::Group& group : options.trainer.method_options.groups())
    groups.push_back({"method", "", std::move(group.visit)});
  return groups;
}

// With `eval_data`, so that nothing of the recipe is left out.
Json options_of(const std::string& recipe, const std::string& mode) {
  TrainRunOptions options;
  options.recipe = recipe;
  options.recipe_mode = mode;
  if (recipe == "sft_panda" || recipe == "sft_jigsaw") options.eval_data = "valid.jsonl";
  read_recipe(options, groups_of(options));
  return dump_options(visit_all(groups_of(options)));
}

void expect_all(const Json& options, const Json& expected, const std::string& recipe) {
  for (const auto& [name, value] : expected.items())
    EXPECT_EQ(options.at(name), value) << recipe << " " << name;
}

const char* const kNames[] = {"dpo_biasdpo",  "dpo_detoxdpo", "sft_biasdpo",
                              "sft_detoxdpo", "sft_jigsaw",   "sft_panda"};

TEST(Recipes, AreTheSixOfTheStudy) {
  std::vector<std::string> names;
  for (const auto& [name, description] : recipes()) {
    names.push_back(name);
    EXPECT_FALSE(description.empty());
  }
  EXPECT_THAT(names, ::testing::ElementsAreArray(kNames));
}

// Protocol 1.2: of every recipe, whatever the mode.
TEST(Recipes, HaveTheValuesCommonToAll) {
  for (const std::string recipe : kNames)
    for (const std::string mode : {"paper", "corrected"})
      expect_all(options_of(recipe, mode),
                 {{"adapter", "qlora"},
                  {"gradient_checkpointing", true},
                  {"lora_r", 64},
                  {"lora_alpha", 16.0},
                  {"lora_dropout", 0.1},
                  {"max_length", 512},
                  {"save_total_limit", 5},
                  {"reference", "base"}},
                 recipe);
}

// Protocol 1.3, row by row.
TEST(Recipes, HaveTheValuesOfTheirOwn) {
  const Json sft = {
      {"method", "sft"},        {"optimizer", "adamw"},        {"learning_rate", 3e-4},
      {"weight_decay", 1e-3},   {"max_grad_norm", 1.0},        {"lr_schedule", "linear"},
      {"batch_size", 4},        {"long_texts", "split"},       {"gradient_accumulation_steps", 1},
      {"logging_steps", 500},   {"eval_steps", 500},           {"save_steps", 500},
      {"max_prompt_length", 0}, {"early_stopping_patience", 0}};
  const Json dpo = {
      {"method", "dpo"},      {"optimizer", "rmsprop"},        {"learning_rate", 1e-5},
      {"weight_decay", 0.05}, {"max_grad_norm", 10.0},         {"lr_schedule", "constant_with_warmup"},
      {"batch_size", 1},      {"warmup_steps", 150},           {"gradient_accumulation_steps", 4},
      {"beta", 0.1},          {"label_smoothing", 0.0},        {"max_prompt_length", 128},
      {"eval_split", 0.05},   {"early_stopping_patience", 10}, {"drop_last_accumulation", true}};
  const Json own = {
      {"sft_panda",
       {{"warmup_steps", 150}, {"num_epochs", 1.0}, {"max_train_rows", 94966}, {"max_eval_rows", 10551}}},
      {"sft_jigsaw",
       {{"warmup_steps", 150}, {"num_epochs", 1.0}, {"max_train_rows", 94966}, {"max_eval_rows", 10551}}},
      {"sft_biasdpo", {{"warmup_steps", 25}, {"num_epochs", 20.0}, {"eval_split", 0.05}}},
      {"sft_detoxdpo", {{"warmup_steps", 100}, {"num_epochs", 1.0}, {"eval_split", 0.05}}},
      {"dpo_biasdpo", {{"num_epochs", 20.0}, {"logging_steps", 25}, {"eval_steps", 25}, {"save_steps", 25}}},
      {"dpo_detoxdpo",
       {{"num_epochs", 1.0}, {"logging_steps", 100}, {"eval_steps", 100}, {"save_steps", 100}}}};
  for (const std::string recipe : kNames)
    for (const std::string mode : {"paper", "corrected"}) {
      const Json options = options_of(recipe, mode);
      expect_all(options, recipe.starts_with("sft") ? sft : dpo, recipe);
      expect_all(options, own.at(recipe), recipe);
    }
}

TEST(Recipes, PaperModeTurnsTheQuirksOn) {
  for (const std::string recipe : kNames) {
    const Json paper = options_of(recipe, "paper"), corrected = options_of(recipe, "corrected");
    const bool is_sft = recipe.starts_with("sft"), is_split = recipe.ends_with("dpo");
    EXPECT_EQ(paper.at("pair_tokenization"), is_sft ? "trl_1" : "trl_0_8");  // T1
    EXPECT_EQ(corrected.at("pair_tokenization"), "trl_1");
    EXPECT_EQ(paper.at("attend_pads"), is_sft);  // T4
    EXPECT_EQ(corrected.at("attend_pads"), false);
    EXPECT_EQ(paper.at("no_append_eos"), is_sft);  // T5
    EXPECT_EQ(corrected.at("no_append_eos"), false);
    EXPECT_EQ(paper.at("max_rows_order"), "head");  // T6
    EXPECT_EQ(corrected.at("max_rows_order"), is_split ? "head" : "random");
    EXPECT_EQ(paper.at("pair_separator"), "space");  // T8
    EXPECT_EQ(corrected.at("pair_separator"), is_sft && is_split ? "auto" : "space");
    EXPECT_EQ(paper.at("split_seed"), recipe == "dpo_detoxdpo" ? 42 : -1);  // T10
    EXPECT_EQ(corrected.at("split_seed"), -1);
    EXPECT_EQ(paper.at("skip_final_eval"), true);
    EXPECT_EQ(corrected.at("skip_final_eval"), false);
  }
}

TEST(Recipes, ThatSayNotWhatToEvaluateOnDoNotEvaluate) {
  TrainRunOptions options;
  options.recipe = "sft_panda";
  options.recipe_mode = "paper";
  read_recipe(options, groups_of(options));
  EXPECT_EQ(options.trainer.eval_steps, 0);
  EXPECT_FALSE(options.trainer.skip_final_eval);
  EXPECT_EQ(options.trainer.save_steps, 500);
  options.recipe = "dpo_biasdpo";
  options.eval_data = "mine.jsonl";
  read_recipe(options, groups_of(options));
  EXPECT_EQ(options.trainer.eval_split, 0);
  EXPECT_EQ(options.trainer.eval_steps, 25);
}

class RecipeFiles : public RunTest {
 protected:
  // As `xlt train --recipe … --dry-run` has it, on texts of one letter.
  Json dry_run(const std::string& recipe, const std::string& data, const std::string& eval_data = "") {
    TrainRunOptions options;
    options.recipe = recipe;
    options.recipe_mode = "paper";
    options.eval_data = eval_data;
    read_recipe(options, groups_of(options));
    options.model = model_;
    options.data = data;
    options.dry_run = true;
    options.trainer.attend_pads = false;  // 512 tokens a row would say no more of the count
    options.adapter.lora_r = 1;
    return dry_run_training(options, Placement{}, 42, {{"command", "train"}}, {});
  }
  std::string rows(const char* name, int64_t count, const std::string& row) const {
    std::string text;
    for (int64_t i = 0; i < count; ++i) text += row + "\n";
    write_file(folder_ / name, text);
    return path(name);
  }
  std::string model_ = make_model();
};

// The published counts (protocol 1.3), on files of the published sizes.
TEST_F(RecipeFiles, CountTheStepsThatWerePublished) {
  const std::string panda = R"({"original":"a","selected_word":"a","target_attribute":"b","perturbed":"b"})",
                    bias = R"({"prompt":"a","chosen":"b","rejected":"c"})",
                    detox = R"({"prompt_text":"a","unpert_gen_text":"b","pert_gen_text":"c"})";
  const std::string train = rows("train.jsonl", 94966, panda), valid = rows("valid.jsonl", 10551, panda);
  const Json sft = dry_run("sft_panda", train, valid);
  EXPECT_EQ(sft.at("total_steps"), 23742);
  EXPECT_EQ(sft.at("num_train_rows"), 94966);
  EXPECT_EQ(sft.at("num_eval_rows"), 10551);
  EXPECT_EQ(sft.at("num_tokens"), 2 * 94966);  // BOS and a letter
  EXPECT_EQ(sft.at("num_evaluations"), 47);    // the last at step 23,500
  const std::string bias_file = rows("dataset.jsonl", 1145, bias);
  EXPECT_EQ(dry_run("dpo_biasdpo", bias_file).at("total_steps"), 5420);
  EXPECT_EQ(dry_run("sft_biasdpo", bias_file).at("total_steps"), 5440);
  std::string files;
  for (int i = 0; i < 6; ++i)
    append_item(files, rows(str_cat("split_", i, ".jsonl").c_str(), 4096, detox), ",");
  const Json dpo = dry_run("dpo_detoxdpo", files);
  EXPECT_EQ(dpo.at("total_steps"), 5836);
  EXPECT_EQ(dpo.at("steps_per_epoch"), 5836);
  EXPECT_EQ(dry_run("sft_detoxdpo", files).at("total_steps"), 5837);
}

TEST_F(RecipeFiles, DryRunSaysWhatARunTakesAndWritesNothing) {
  const std::string file = rows("dataset.jsonl", 40, R"({"prompt":"ab","chosen":"b","rejected":"c"})");
  const Json plan = dry_run("dpo_biasdpo", file);
  // One layer of 16: q, o 16 × 16, k, v 16 × 8, gate, up, down 16 × 32, each r·(in + out) at rank 1.
  EXPECT_EQ(plan.at("trainable_parameters"), 2 * 32 + 2 * 24 + 3 * 48);
  const Json& memory = plan.at("memory_bytes");
  EXPECT_EQ(memory.at("gradients"), 2 * 4 * 256);  // of four micro-batches, a sum by halves holds two
  EXPECT_EQ(memory.at("optimizer"), 4 * 256);      // RMSprop: one moment
  double sum = 0;
  for (const char* part : {"program", "weights", "gradients", "optimizer", "activations"})
    sum += memory.at(part).get<double>();
  EXPECT_NEAR(sum, memory.at("total").get<double>(), 8);
  EXPECT_GT(plan.at("seconds").get<double>(), 0);
  EXPECT_EQ(plan.at("config").at("command"), "train");
  EXPECT_FALSE(fs::exists(folder_ / "run"));
}

TEST_F(RecipeFiles, OfTheUsersOwnAreReadAndChecked) {
  write_file(folder_ / "mine.json", R"({"options": {"method": "dpo", "beta": 0.3}, // mine
    "paper": {"beta": 0.4}})");
  EXPECT_EQ(options_of(path("mine.json"), "corrected").at("beta"), 0.3);
  EXPECT_EQ(options_of(path("mine.json"), "paper").at("beta"), 0.4);
  write_file(folder_ / "mine.json", R"({"options": {"betta": 0.3}})");
  EXPECT_THAT(error_of([&] { options_of(path("mine.json"), "paper"); }).what(), HasSubstr("\"beta\""));
  write_file(folder_ / "mine.json", R"({"options": {}, "papper": {}})");
  EXPECT_THAT(error_of([&] { options_of(path("mine.json"), "paper"); }).what(), HasSubstr("\"paper\""));
  const Error unknown = error_of([&] { options_of("sft_pande", "paper"); });
  EXPECT_EQ(unknown.kind(), ErrorKind::kUsage);
  EXPECT_THAT(unknown.what(), HasSubstr("did you mean \"sft_panda\"?"));
}

}  // namespace
}  // namespace xlt
