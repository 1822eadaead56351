// SPDX-License-Identifier: Apache-2.0
// What of `xlt lab` needs no training: what a design says, whose folder it is, and what is written of
// results.
#include "xlt/run/lab.h"

#include "run/lab/lab_design.h"
#include "run/lab/lab_folder.h"
#include "run/lab/lab_grids.h"
#include "run/lab/lab_results.h"
#include "scratch_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/eval/evaluate.h"
#include "xlt/run/train_run.h"

namespace xlt {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

struct LabCommandOptions {
  TrainRunOptions train;
  EvalOptions eval;
};

// Sections and options as the command line has them.
SweepTools lab_tools() {
  SweepTools tools;
  tools.options_of = [](const std::string& command) {
    auto owner = std::make_shared<LabCommandOptions>();
    CommandOptions options{owner, {}, {}, {}};
    if (command == "eval")
      options.groups = {{"eval", "Evaluation", visit_of(owner->eval)}};
    else
      options.groups = {{"run", "Model, data and output", visit_of(owner->train)},
                        {"adapter", "Adapter", visit_of(owner->train.adapter)},
                        {"training", "Training", visit_of(owner->train.trainer)}};
    return options;
  };
  return tools;
}

class LabParts : public FolderTest {
 protected:
  LabParts()
      : json_{{"seeds", {1, 2, 3}},
              {"languages", {Json::object(), Json::object()}},
              {"model", {{"model_type", "llama"}}},
              {"pretraining", {{"max_steps", 2000}}},
              {"recipes",
               {{{"name", "dpo"}, {"train", {{"method", "dpo"}, {"data", "{world}/pairs.jsonl"}}}}}}} {}
  std::string file() const { return (folder_ / "design.json").string(); }
  LabDesign read() const {
    write_file(file(), dump_json(json_));
    return read_lab_design(file(), lab_tools());
  }
  LabDesign with_seeds(const std::vector<int64_t>& seeds) {
    json_["seeds"] = seeds;
    return read();
  }
  void claim(const std::vector<int64_t>& seeds) {
    make_folders(folder_ / "lab");
    claim_lab_folder(with_seeds(seeds), folder_ / "lab", "runs/lab");
  }
  std::vector<int64_t> claimed() const {
    return load_json(folder_ / "lab" / "design.json").at("seeds").get<std::vector<int64_t>>();
  }
  template <typename Call>
  static Error fault_of(const Call& call) {
    try {
      call();
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "no error was thrown";
    return {ErrorKind::kInternal, ""};
  }
  Json json_;
};

TEST_F(LabParts, DocumentsAreCountedWhereverTheirOptionsStand) {
  EXPECT_EQ(read().num_documents, 2000 * 4);  // batch_size by default
  json_["pretraining"] = {{"max_steps", 2000}, {"training", {{"batch_size", 16}}}};
  EXPECT_EQ(read().num_documents, 2000 * 16);
  json_["pretraining"] = {{"training", {{"max_steps", 30}, {"gradient_accumulation_steps", 5}}},
                          {"batch_size", 2}};
  EXPECT_EQ(read().num_documents, 30 * 5 * 2);
  json_["pretraining"] = {{"training", {{"batch_size", 16}}}};
  EXPECT_THAT(fault_of([&] { read(); }).what(), HasSubstr("\"max_steps\" is missing"));
}

TEST_F(LabParts, WhatTheLabSetsIsRefusedInASectionToo) {
  json_["eval"] = {{"eval", {{"langs", {"qaa"}}}}};
  EXPECT_THAT(fault_of([&] { read(); }).what(),
              AllOf(HasSubstr("design.json: eval"), HasSubstr("\"langs\" is set by the lab")));
  json_["eval"] = Json::object();
  json_["pretraining"]["run"] = {{"model", "models/x"}};
  EXPECT_THAT(fault_of([&] { read(); }).what(), HasSubstr("\"model\" is set by the lab"));
}

TEST_F(LabParts, TheWorldsFolderIsPutIntoSectionsToo) {
  json_["recipes"][0]["train"] = {{"method", "dpo"}, {"run", {{"data", "{world}/pairs.jsonl"}}}};
  json_["eval"] = {{"eval", {{"scorer", {"oracle:{world}/world.json"}}, {"benchmarks", {"perplexity"}}}}};
  const Json grid = finetuning_grid(read(), "lab");
  EXPECT_EQ(grid.at("recipes")[0].at("train").at("data"), "lab/worlds/{name}/pairs.jsonl");
  EXPECT_EQ(grid.at("eval").at("scorer"), Json::array({"oracle:lab/worlds/{name}/world.json"}));
  EXPECT_EQ(grid.at("eval").at("benchmarks"), Json::array({"perplexity"}));
  EXPECT_THAT(dump_json(grid), Not(HasSubstr("{world}")));
}

TEST_F(LabParts, SeedsMayBeAddedAndNoneLeftOut) {
  claim({1, 2, 3});
  EXPECT_THAT(claimed(), ElementsAre(1, 2, 3));
  claim({1, 2, 3, 4, 5});
  EXPECT_THAT(claimed(), ElementsAre(1, 2, 3, 4, 5));
  const Error fault = fault_of([&] { claim({1, 3, 5, 6}); });
  EXPECT_EQ(fault.kind(), ErrorKind::kUsage);
  EXPECT_THAT(fault.what(), AllOf(HasSubstr("design.json: seeds: leaves out seeds 2, 4, which runs/lab was"),
                                  HasSubstr("another --output")));
  EXPECT_THAT(claimed(), ElementsAre(1, 2, 3, 4, 5));
  claim({5, 4, 3, 2, 1});
  json_["tokenizer"] = {{"vocab_size", 500}};
  EXPECT_THAT(fault_of([&] { claim({1, 2, 3, 4, 5}); }).what(), HasSubstr("another design"));
}

TEST_F(LabParts, OfAnOlderFolderTheFinishedWorldsCount) {
  claim({1, 2, -3});
  Json older = load_json(folder_ / "lab" / "design.json");
  older.erase("seeds");
  write_file(folder_ / "lab" / "design.json", dump_json(older, 2) + "\n");
  for (const int64_t seed : {2, -3}) {
    make_folders(world_comparison(folder_ / "lab", seed).parent_path());
    write_file(world_comparison(folder_ / "lab", seed), "{}");
  }
  EXPECT_THAT(fault_of([&] { claim({1}); }).what(), HasSubstr("leaves out seeds -3, 2, which"));
  claim({2, -3});  // 1 was not finished
  EXPECT_THAT(claimed(), ElementsAre(2, -3));
}

TEST_F(LabParts, ARunThatLeavesOutSeedsMakesNothing) {
  claim({1, 2, 3});
  with_seeds({1, 2});
  LabOptions options;
  options.design = file();
  options.output = (folder_ / "lab").string();
  const Error fault = fault_of([&] { run_lab(options, lab_tools(), {}, {}); });
  EXPECT_THAT(fault.what(), HasSubstr("leaves out seed 3"));
  EXPECT_FALSE(fs::exists(world_folder(folder_ / "lab", 1)));
}

// One world of two languages, and one contrast of this name.
void write_results(const LabDesign& design, const std::string& contrast, const fs::path& folder) {
  std::vector<LabRow> rows(2);
  for (size_t i = 0; i < rows.size(); ++i) {
    rows[i].seed = 1;
    rows[i].dials = design.languages[i];
    rows[i].before = 0.5, rows[i].after = 0.25, rows[i].change = -0.25;
  }
  const Json row = {{"name", contrast}, {"estimate", 0.5}, {"ci95", {0.25, 0.75}}, {"p_value", 0.01},
                    {"p_holm", 0.02},   {"n_blocks", 2},   {"n_same_sign", 2},     {"is_effect", true}};
  make_folders(folder);
  write_lab_results(design, rows, {{"contrasts", Json::array({row})}, {"target", Json::object()}}, folder);
}

TEST_F(LabParts, NamesOfContrastsAreEscapedWhereverTheyAreWritten) {
  write_results(read(), "a < \"b\" & c", folder_ / "odd");
  EXPECT_THAT(read_file(folder_ / "odd" / "effects.csv"),
              HasSubstr("\n\"a < \"\"b\"\" & c\",0.5,0.25,0.75,0.01,0.02,2,2,true\n"));
  const std::string svg = read_file(folder_ / "odd" / "effects.svg");
  EXPECT_THAT(svg, AllOf(HasSubstr(">a &lt; \"b\" &amp; c</text>"), Not(HasSubstr("a < "))));
  EXPECT_THAT(read_file(folder_ / "odd" / "report.html"),
              AllOf(HasSubstr(svg), HasSubstr("  a &lt; \"b\" &amp; c "), Not(HasSubstr("a < "))));
  write_results(read(), "a\x01", folder_ / "control");
  EXPECT_THAT(read_file(folder_ / "control" / "effects.svg"), HasSubstr(">a\\x01</text>"));
  // What is plain is written as it ever was.
  write_results(read(), "share:overlap", folder_ / "plain");
  EXPECT_THAT(read_file(folder_ / "plain" / "effects.csv"),
              AllOf(StartsWith("contrast,estimate,"), HasSubstr("\n\"share:overlap\",0.5,")));
}

TEST_F(LabParts, EffectsAreAlignedByWhatIsSeen) {
  const LabDesign design = read();
  const auto line = [&](const char* name) {
    const Json row = {{"name", name}, {"estimate", Json()}};
    const std::string table = lab_table(design, {}, {{"contrasts", Json::array({row})}});
    return table.substr(table.find(name) + std::string_view(name).size());
  };
  EXPECT_EQ(line("espa\xC3\xB1ol"), line("espanol"));
}

}  // namespace
}  // namespace xlt
