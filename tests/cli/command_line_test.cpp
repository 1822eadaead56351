// SPDX-License-Identifier: Apache-2.0
// What is printed where, and with which exit code.
#include "cli/cli_testing.h"
#include "cli/command.h"
#include "cli/global_options.h"
#include "scratch_folder.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xlt/base/file.h"

namespace xlt::cli {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

void expect_usage(const std::vector<std::string>& arguments, const std::string& message) {
  const Outcome outcome = run_xlt(arguments);
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, StartsWith("xlt: error: "));
  EXPECT_THAT(outcome.err, HasSubstr(message));
  EXPECT_THAT(outcome.err, EndsWith("\n"));
}

TEST(Help, NamesEveryCommandAndGoesToStdout) {
  const Outcome outcome = run_xlt({"--help"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.err, IsEmpty());
  for (const auto& entry : commands()) EXPECT_THAT(outcome.out, HasSubstr(std::string("\n  ") + entry.name));
}

TEST(Help, OfACommandListsItsOptionsWithDefaultsAndWhatMustBeGiven) {
  for (const auto& entry : commands()) {
    const Outcome outcome = run_xlt({entry.name, "--help"});
    EXPECT_EQ(outcome.code, 0) << entry.name;
    const auto command = entry.make();
    EXPECT_THAT(outcome.out, HasSubstr("Example:\n  xlt " + std::string(entry.name)));
    for (const auto& group : command->groups())
      for (const auto& option : describe_options(group.visit)) {
        EXPECT_THAT(outcome.out, HasSubstr(flag_name(option.name) + " ")) << entry.name;
      }
    for (const char* flag : {"--config", "--set", "--device", "--dtype", "--threads", "--seed", "--quiet"})
      EXPECT_THAT(outcome.out, HasSubstr(flag)) << entry.name;
  }
  const std::string score = run_xlt({"score", "--help"}).out;
  EXPECT_THAT(score, HasSubstr("(required)"));
  EXPECT_THAT(score, HasSubstr("[42]"));
}

TEST(Validate, ReadsAGridAsItsCommandDoes) {
  const Outcome grid = run_xlt({"validate", "configs/lab/quick.json"});
  EXPECT_EQ(grid.code, 0) << grid.err;
  EXPECT_THAT(grid.out, HasSubstr("7 languages"));
}

TEST(Validate, SaysWhatCanBeValidatedWhereAFileIsNothingOfTheKind) {
  const Outcome outcome = run_xlt({"validate", "configs/models/tiny.json"});
  EXPECT_EQ(outcome.code, 3);
  for (const char* part :
       {"configs/models/tiny.json: says no \"command\"", "a grid of xlt sweep {\"models\"}",
        "a recipe {\"options\"}", "xlt train --model-config takes it"})
    EXPECT_THAT(outcome.err, HasSubstr(part));
}

TEST(Help, IsACommandToo) {
  EXPECT_EQ(run_xlt({"help"}).out, run_xlt({"--help"}).out);
  EXPECT_EQ(run_xlt({"help", "train"}).out, run_xlt({"train", "--help"}).out);
  expect_usage({"help", "trian"}, "did you mean \"train\"?");
}

TEST(Help, SaysHowArgumentsAreGivenAndKeepsItsColumns) {
  const std::string compare = run_xlt({"compare", "--help"}).out;
  EXPECT_THAT(compare, HasSubstr("Usage: xlt compare [ARMS…] [OPTIONS]\n"));
  EXPECT_THAT(run_xlt({"validate", "--help"}).out, HasSubstr("Usage: xlt validate FILE [OPTIONS]\n"));
  EXPECT_THAT(run_xlt({"ls", "--help"}).out, HasSubstr("Usage: xlt ls [KIND] [OPTIONS]\n"));
  EXPECT_THAT(run_xlt({"human", "--help"}).out,
              HasSubstr("Usage: xlt human export DIR… | import DIR --ratings F.csv [OPTIONS]\n"));
  EXPECT_THAT(compare, HasSubstr("\n  --source TEXT                   language of"));
  EXPECT_THAT(compare, HasSubstr("\n  --metrics A,B,…                 which metrics"));
}

// Every option that must be given is one that the command has.
TEST(Help, RequiredAndPositionalOptionsExist) {
  for (const auto& entry : commands()) {
    const auto command = entry.make();
    const CommandHelp help = command->help();
    std::vector<std::string> names;
    for (const auto& option : describe_options(visit_all(command->groups()))) names.push_back(option.name);
    for (const auto& name : help.required) EXPECT_THAT(names, ::testing::Contains(name)) << entry.name;
    if (!help.positional.empty()) EXPECT_THAT(names, ::testing::Contains(help.positional)) << entry.name;
  }
}

TEST(Version, IsPrintedWithAndWithoutACommand) {
  EXPECT_THAT(run_xlt({"--version"}).out, StartsWith("xlt "));
  EXPECT_THAT(run_xlt({"train", "--version"}).out, HasSubstr("libtorch"));
}

TEST(CommandLine, UnknownNamesOfferTheNearest) {
  expect_usage({"trian"}, "unknown command \"trian\"; did you mean \"train\"?");
  expect_usage({"train", "--learning-rat", "1"}, "did you mean \"--learning-rate\"?");
  expect_usage({"train", "--learning-rat=1"}, "unknown option \"--learning-rat\"");
  expect_usage({"train", "--set", "betta=1"}, "did you mean \"beta\"?");
  expect_usage({"train", "--optimizer", "adam"}, "did you mean \"adamw\"?");
  expect_usage({"ls", "benchmark"}, "did you mean \"benchmarks\"?");
  expect_usage({"doctor", "--dtype", "float31"}, "did you mean \"float32\"?");
}

TEST(CommandLine, NamesOfOtherToolsAreTranslated) {
  expect_usage({"train", "--lr", "1"}, "unknown option \"--lr\"; did you mean \"--learning-rate\"? see `xlt");
  expect_usage({"train", "--num-train-epochs=3"}, "did you mean \"--num-epochs\"?");
  expect_usage({"train", "--load-in-4bit"}, "did you mean \"--quantize\" (its value is nf4)?");
  expect_usage({"train", "--lora-target-modules", "q_proj"}, "every linear layer but the head");
  expect_usage({"train", "--set", "output_dir=runs/a"}, "did you mean \"output\"?");
  expect_usage({"eval", "--tasks", "crows_pairs"}, "did you mean \"--benchmarks\"?");
  expect_usage({"eval", "--model_args", "pretrained=a"}, "did you mean \"--model\"");
}

// What a row of the table leads to is an option of some command, and the other name is not one of the same.
TEST(CommandLine, TranslationsLeadToOptionsThatThereAre) {
  std::vector<std::vector<std::string>> options;
  for (const auto& entry : commands()) {
    const auto command = entry.make();
    GlobalOptions global;
    auto groups = command->groups();
    groups.push_back({"global", "", visit_of(global)});
    options.emplace_back();
    for (const auto& option : describe_options(visit_all(groups))) options.back().push_back(option.name);
  }
  const struct {
    std::string name, ours;
  } rows[] = {
#define X(name, ours, note) {#name, ours},
#include "base/foreign_options.def"
#undef X
  };
  const auto has = [](const std::vector<std::string>& own, const std::string& option) {
    return std::find(own.begin(), own.end(), option) != own.end();
  };
  for (const auto& row : rows) {
    const auto helps = [&](const auto& own) {
      return (row.ours.empty() || has(own, row.ours)) && !has(own, row.name);
    };
    EXPECT_TRUE(std::any_of(options.begin(), options.end(), helps)) << row.name << " " << row.ours;
  }
}

TEST(CommandLine, SectionsAreListedOnceAndTheOptionThatWasMeantIsNamed) {
  expect_usage(
      {"train", "--set", "lora.r=8"},
      "unknown section \"lora\"; did you mean adapter.lora_r? available: run, adapter, training, watch, "
      "fields, global\n");
  expect_usage({"train", "--set", "dpo.beta=0.2"}, "did you mean training.beta?");
}

// Which is no small thing to leave unsaid of a number.
TEST(Help, OfAnEvaluationSaysHowChatModelsAreAsked) {
  EXPECT_THAT(run_xlt({"eval", "--help"}).out, HasSubstr("chat"));
}

TEST(CommandLine, GreedyDecodingAndNamesOfLanguagesAreKnownByWhatPeopleType) {
  expect_usage({"generate", "--temperature", "0"},
               "--temperature: greedy decoding is --greedy; must be between");
  expect_usage({"eval", "--temperature", "0.0"},
               "--temperature: greedy decoding of toxicity prompts is --top-k 1");
}

TEST(CommandLine, SaysWhatItCannotPlace) {
  expect_usage({}, "no command given");
  expect_usage({"--device", "cpu", "doctor"}, "options follow the command");
  expect_usage({"--verson"}, "unknown option \"--verson\"; did you mean \"--version\"?");
  expect_usage({"doctor", "now"}, "unexpected argument \"now\"");
  expect_usage({"train", "--method"}, "--method");
  expect_usage({"score"}, "--model, --input, --output must be given");
}

TEST(CommandLine, AnArgumentThatNeedsNoNameIsCalledAsTheUsageLineHasIt) {
  expect_usage({"report"}, "FOLDERS… must be given; see `xlt report --help`");
  expect_usage({"compare"}, "ARMS…, --output must be given");
  expect_usage({"human"}, "expected: xlt human export DIR… --output DIR, or xlt human import DIR");
  // Of every command that has one: its flag is in no message, and what is in it stands in the usage line.
  for (const auto& entry : commands()) {
    const CommandHelp help = entry.make()->help();
    if (help.positional.empty() || help.required.empty()) continue;
    const std::string said = run_xlt({entry.name}).err, page = run_xlt({entry.name, "--help"}).out,
                      usage =
                          page.substr(page.find("Usage: "), page.find("[OPTIONS]") - page.find("Usage: "));
    EXPECT_THAT(said, Not(HasSubstr(flag_name(help.positional)))) << entry.name;
    if (!help.usage.empty()) continue;
    const size_t begin = said.rfind(": ", said.find(" must be given")) + 2;
    EXPECT_THAT(usage, HasSubstr(said.substr(begin, said.find_first_of(", ", begin) - begin))) << entry.name;
  }
}

TEST(CommandLine, ValuesOutOfRangeNameTheFlagAndTheRange) {
  expect_usage({"train", "--beta", "0"}, "--beta: must be more than 0");
  expect_usage({"generate", "--num-samples", "4611686018427387904"}, "--num-samples: must be between 1 and");
  expect_usage({"generate", "--temperature", "1e-320"}, "--temperature: must be between");
  expect_usage({"generate", "--max-new-tokens", "4611686018427387904"},
               "--max-new-tokens: must be between 1 and");
  expect_usage({"train", "--max-steps", "1.5"}, "--max-steps: expected an integer, found \"1.5\"");
}

TEST(CommandLine, ListsKindsGivenByPositionFlagSetOrFile) {
  EXPECT_THAT(run_xlt({"ls", "methods"}).out, HasSubstr("\ndpo "));
  EXPECT_THAT(run_xlt({"ls", "--kind", "methods"}).out, HasSubstr("\ndpo "));
  EXPECT_THAT(run_xlt({"ls", "--set", "kind=methods"}).out, HasSubstr("\ndpo "));
  EXPECT_THAT(run_xlt({"ls", "--set", "kind=families", "--kind", "methods"}).out, HasSubstr("\ndpo "));
}

class ConfigFile : public FolderTest {
 protected:
  std::string config(const std::string& text) const {
    write_file(folder_ / "c.json", text);
    return (folder_ / "c.json").string();
  }
};

TEST_F(ConfigFile, IsReadAndItsFaultsAreBadInput) {
  EXPECT_THAT(run_xlt({"ls", "--config", config(R"({"command": "ls", "kind": "methods"})")}).out,
              HasSubstr("\ndpo "));
  EXPECT_THAT(run_xlt({"ls", "--config", config(R"({"kind": "methods"})"), "--kind", "families"}).out,
              HasSubstr("\nllama "));
  const Outcome outcome = run_xlt({"train", "--config", config(R"({"beta": 0, "max_step": 1})")});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("c.json: beta: must be more than 0"));
  EXPECT_THAT(outcome.err, HasSubstr("did you mean \"max_steps\"?"));
  EXPECT_EQ(run_xlt({"ls", "--config", (folder_ / "none.json").string()}).code, 3);
}

TEST_F(ConfigFile, IsValidatedWithEveryFileItNames) {
  write_file(folder_ / "pairs.jsonl", R"({"prompt": "a", "chosen": "b", "rejected": "c"})");
  const std::string text =
      R"({"command": "train", "method": "dpo", "output": "o", "model": "none", "data": ")" +
      (folder_ / "pairs.jsonl").string() + "\"}";
  const Outcome outcome = run_xlt({"validate", config(text)});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.out, HasSubstr("ok     options of `xlt train`"));
  EXPECT_THAT(outcome.out, HasSubstr("1 preference pairs"));
  EXPECT_THAT(outcome.out, HasSubstr("FAULT  model none"));
  EXPECT_THAT(outcome.out, HasSubstr("FAULT  model none: no such folder"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("FAULT  tokenizer none")));  // the same fault
  EXPECT_EQ(run_xlt({"validate", config(R"({"command": "trian"})")}).code, 3);
}

TEST_F(ConfigFile, FaultsOfAllItsPartsAreNamedAtOnce) {
  const Outcome outcome = run_xlt(
      {"validate",
       config(R"({"command": "train", "method": "dpo", "beta": 0, "model": "none", "data": "none.jsonl"})")});
  EXPECT_EQ(outcome.code, 3);
  for (const char* fault : {"beta: must be more than 0", "--output must be given",
                            "FAULT  model none: ", "FAULT  data none.jsonl: "})
    EXPECT_THAT(outcome.out, HasSubstr(fault));
}

TEST_F(ConfigFile, TheRecordOfARunIsValidatedByItsOptions) {
  const std::string text =
      R"({"version": "1", "command": "train", "config": {"command": "train", "method": "dpo", "betta": 1}})";
  const Outcome outcome = run_xlt({"validate", config(text)});
  EXPECT_THAT(outcome.out, HasSubstr("c.json: config: betta: unknown option; did you mean \"beta\"?"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("version")));
}

TEST_F(ConfigFile, TheRecordOfARunIsReadAsItsOptions) {
  const std::string record = config(
      R"({"version": "1", "command": "ls", "status": "finished", "config": {"command": "ls", "kind": "methods"}})");
  EXPECT_THAT(run_xlt({"ls", "--config", record}).out, HasSubstr("\ndpo "));
  const Outcome other = run_xlt({"doctor", "--config", record});
  EXPECT_EQ(other.code, 3);
  EXPECT_THAT(other.err, HasSubstr("c.json: command: is a config of `xlt ls`, not of `xlt doctor`"));
}

// Without "command", as configs/README.md has them and their commands read them.
TEST_F(ConfigFile, AGridAndADesignAreKnownByTheirKeys) {
  const Outcome grid =
      run_xlt({"validate", config(R"({"models": [{"name": "a", "model": "none"}], "seed": [1]})")});
  EXPECT_EQ(grid.code, 3);
  EXPECT_THAT(grid.out, HasSubstr("FAULT  grid "));
  EXPECT_THAT(grid.out, HasSubstr("did you mean \"seeds\"?"));
  const Outcome design = run_xlt({"validate", config(R"({"languages": [], "recipes": [], "sees": [1]})")});
  EXPECT_EQ(design.code, 3);
  EXPECT_THAT(design.out, HasSubstr("FAULT  design "));
  EXPECT_THAT(design.out, HasSubstr("did you mean \"seeds\"?"));
}

TEST_F(ConfigFile, ADescriptionIsTriedOnItsData) {
  const std::string description =
      config(R"({"name": "mine", "kind": "texts", "file": "mine/{lang}.csv", "fields": {"text": "t"}})");
  EXPECT_THAT(run_xlt({"validate", description}).out,
              HasSubstr("ok     benchmark mine: texts of DATA/mine/"));
  EXPECT_THAT(run_xlt({"validate", description, "--data", folder_.string()}).out,
              HasSubstr("has no file mine/{lang}.csv of any language"));
  fs::create_directories(folder_ / "mine");
  write_file(folder_ / "mine" / "en.csv", "t\none\ntwo\n");
  write_file(folder_ / "mine" / "fr.csv", "u\nun\n");
  const Outcome outcome = run_xlt({"validate", description, "--data", folder_.string()});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.out, HasSubstr("ok     language en: 2 rows"));
  EXPECT_THAT(outcome.out, HasSubstr("FAULT  language fr: "));
  const Outcome misspelt = run_xlt({"validate", config(R"({"name": "mine", "knd": "texts"})")});
  EXPECT_EQ(misspelt.code, 3);
  EXPECT_THAT(misspelt.err, HasSubstr("did you mean \"kind\"?"));
}

TEST_F(ConfigFile, WhatCannotBeReadOrWrittenIsNamedByWhatItIs) {
  const Outcome outcome =
      run_xlt({"validate", config(R"({"command": "train", "method": "dpo", "model": "m", "output": "o",
      "reference_cache": ")" + (folder_ / "c.json" / "x").string() +
                                  R"(", "data": ")" + folder_.string() + "\"}")});
  EXPECT_THAT(outcome.out, HasSubstr("--reference-cache "));
  EXPECT_THAT(outcome.out, HasSubstr("c.json is no folder; give another one, or none"));
  EXPECT_THAT(outcome.out, HasSubstr("is a folder; expected a file of rows"));
}

TEST(Doctor, ANameThatIsNotThereIsTakenForWhatItLooksLike) {
  const auto said = [](const std::string& model) { return run_xlt({"doctor", "--model", model}).out; };
  EXPECT_THAT(said("nosuch.gguf"), HasSubstr("nosuch.gguf: no such file\n"));
  EXPECT_THAT(said("org/nosuch"),
              HasSubstr("fetch it first: scripts/fetch_models.sh org/nosuch (or hf download"));
  EXPECT_THAT(said("models/nosuch"), Not(HasSubstr("hf download")));
  EXPECT_THAT(said("models/nosuch"), Not(HasSubstr("→ give a checkpoint")));  // after a cause that says it
}

class OutputFolder : public FolderTest {
 protected:
  std::string path(const char* name) const { return (folder_ / name).string(); }
  void write_rows(const std::string& completion) const {
    std::string rows;
    for (const char* sample : {"0", "1"})
      rows += std::string(R"({"id": "1", "prompt": "p", "language": "en", "sample": )") + sample +
              R"(, "completion": ")" + completion + "\"}\n";
    write_file(folder_ / "rows.jsonl", rows);
  }
  Outcome evaluate(const char* output) const {
    return run_xlt({"eval", "--completions", path("rows.jsonl"), "--output", path(output), "--quiet"});
  }
};

TEST_F(OutputFolder, HoldsOneEvaluation) {
  write_rows("one");
  EXPECT_EQ(evaluate("a").code, 0);
  const std::string report = read_file(path("a") + "/report.json");
  EXPECT_THAT(report, HasSubstr("\"num_samples\": 2"));  // as many as there are
  EXPECT_EQ(evaluate("a").code, 0);                      // the same one
  write_rows("two");
  const Outcome outcome = evaluate("a");
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr(path("a") + ": holds another evaluation (model differ"));
  EXPECT_EQ(read_file(path("a") + "/report.json"), report);
}

TEST_F(OutputFolder, MetricsThatNoEvaluationHasAreNotCompared) {
  write_rows("one");
  EXPECT_EQ(evaluate("a").code + evaluate("b").code, 0);
  const Outcome outcome =
      run_xlt({"compare", path("a"), path("b"), "--output", path("c"), "--metrics", "dist1"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("unknown metric (--metrics) \"dist1\"; did you mean \"dist_1\"?"));
}

// A link that leads back to itself cannot even be looked at.
TEST_F(ConfigFile, AModelThatCannotBeLookedAtIsBadInput) {
  fs::create_symlink("loop", folder_ / "loop");
  write_file(folder_ / "rows.jsonl", "{\"text\": \"a\"}");
  for (const std::string& model : {(folder_ / "loop").string(), std::string(5000, 'm')}) {
    const Outcome outcome = run_xlt({"score", "--model", model, "--input", (folder_ / "rows.jsonl").string(),
                                     "--output", (folder_ / "out.jsonl").string()});
    EXPECT_EQ(outcome.code, 3) << outcome.err;
    EXPECT_THAT(outcome.err, Not(HasSubstr("please report")));
  }
}

TEST(WorkingFolder, ThatIsGoneIsSaid) {
  const pid_t child = ::fork();
  if (child == 0) {
    {
      const ScratchFolder folder;
      if (::chdir(folder.path().c_str()) != 0) ::_exit(9);
    }
    const Outcome outcome = run_xlt({"ls"});
    ::_exit(outcome.code == 3 &&
                    outcome.err.find("working folder: it is not there any more") != std::string::npos
                ? 0
                : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace xlt::cli
