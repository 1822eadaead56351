// SPDX-License-Identifier: Apache-2.0
// A file, assignments and flags make one set of values: later ones win.
#include "xlt/base/resolve_options.h"

#include "base/base_testing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/json.h"

namespace xlt {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

struct Training {
  int64_t max_steps = 0;
  double beta = 0.1;
  void visit(OptionVisitor& v) {
    v.field("max_steps", max_steps, "optimizer steps", at_least(0));
    v.field("beta", beta, "strength", more_than(0));
  }
};

struct Files {
  std::string data;
  std::vector<std::string> langs;
  bool resume = false;
  void visit(OptionVisitor& v) {
    v.field("data", data, "rows");
    v.field("langs", langs, "languages");
    v.field("resume", resume, "go on");
  }
};

class ResolveOptions : public FileTest {
 protected:
  void resolve(const GivenOptions& given) { resolve_options("train", groups_, given); }
  std::string config(const std::string& text) const { return put("c.json", text).string(); }
  Error error(const GivenOptions& given) {
    return error_of([&] { resolve(given); });
  }
  Training training_;
  Files files_;
  std::vector<OptionGroup> groups_ = {{"files", "Files", visit_of(files_)},
                                      {"training", "Training", visit_of(training_)}};
};

TEST_F(ResolveOptions, FlagsWinOverAssignmentsAndTheyOverTheFile) {
  const std::string file = config(R"({"max_steps": 1, "beta": 1, "data": "file"} // why)");
  resolve({.config_file = file});
  EXPECT_EQ(training_.max_steps, 1);
  resolve({.config_file = file, .set = {"max_steps=2", "beta=2"}, .flags = {{"beta", "3"}}});
  EXPECT_EQ(training_.max_steps, 2);
  EXPECT_EQ(training_.beta, 3);
  EXPECT_EQ(files_.data, "file");
}

TEST_F(ResolveOptions, OfTwoAssignmentsTheLaterWins) {
  resolve({.set = {"beta=2", "training.beta=3", "max-steps=4"}});
  EXPECT_EQ(training_.beta, 3);
  EXPECT_EQ(training_.max_steps, 4);
}

TEST_F(ResolveOptions, SectionsOfAFileAreLaidFlat) {
  resolve({.config_file = config(R"({"command": "train", "training": {"beta": 2}, "langs": "en,de"})")});
  EXPECT_EQ(training_.beta, 2);
  EXPECT_EQ(files_.langs, (std::vector<std::string>{"en", "de"}));
}

TEST_F(ResolveOptions, AValueMayHoldAnEqualsSign) {
  resolve({.set = {"data=panda=a.jsonl"}});
  EXPECT_EQ(files_.data, "panda=a.jsonl");
}

TEST_F(ResolveOptions, FaultsOfAFileAreBadInputAndThoseOfTheCommandLineAreUsage) {
  const Error file =
      error({.config_file = config(R"({"beta": 0, "max_step": 1, "training": {"beta": "x"}})")});
  EXPECT_EQ(file.kind(), ErrorKind::kConfig);
  EXPECT_THAT(file.what(), HasSubstr("c.json: training: beta: expected a number"));
  const Error flat = error({.config_file = config(R"({"beta": 0, "max_step": 1})")});
  EXPECT_THAT(flat.what(), HasSubstr("c.json: beta: must be more than 0"));
  EXPECT_THAT(flat.what(), HasSubstr("did you mean \"max_steps\"?"));
  const Error flag = error({.flags = {{"beta", "0"}}});
  EXPECT_EQ(flag.kind(), ErrorKind::kUsage);
  EXPECT_THAT(flag.what(), HasSubstr("--beta: must be more than 0"));
  const Error set = error({.set = {"betta=1"}});
  EXPECT_EQ(set.kind(), ErrorKind::kUsage);
  EXPECT_THAT(set.what(), HasSubstr("--set betta=1: unknown option \"betta\"; did you mean \"beta\"?"));
}

TEST_F(ResolveOptions, AnAssignmentNamesAKeyAndAKnownSection) {
  EXPECT_THAT(error({.set = {"beta"}}).what(), HasSubstr("expected key=value"));
  EXPECT_THAT(error({.set = {"trainin.beta=1"}}).what(), HasSubstr("did you mean \"training\"?"));
  EXPECT_THAT(error({.set = {"files.beta=1"}}).what(), HasSubstr("unknown option"));
}

TEST_F(ResolveOptions, AnUnknownSectionOffersTheOptionThatWasMeant) {
  const auto said = [&](const std::string& assignment) {
    return std::string(error({.set = {assignment}}).what());
  };
  EXPECT_EQ(said("max.steps=8"),
            "--set max.steps=8: unknown section \"max\"; did you mean training.max_steps? available: files, "
            "training");
  EXPECT_THAT(said("trainer.beta=1"), HasSubstr("did you mean training.beta?"));
  EXPECT_THAT(said("max.stpes=8"), HasSubstr("did you mean training.max_steps?"));
  EXPECT_THAT(said("nothing.alike=1"), HasSubstr("unknown section \"nothing\"; available: files, training"));
}

TEST_F(ResolveOptions, GroupsOfOneSectionShareIt) {
  struct {
    double margin = 0;
    void visit(OptionVisitor& v) { v.field("margin", margin, "of one method"); }
  } method;
  groups_.push_back({"training", "Only for one", visit_of(method)});
  resolve(
      {.config_file = config(R"({"training": {"beta": 2, "margin": 3}})"), .set = {"training.max_steps=4"}});
  EXPECT_EQ(training_.beta, 2);
  EXPECT_EQ(method.margin, 3);
  EXPECT_THAT(error({.set = {"trane.x=1"}}).what(), EndsWith("available: files, training"));  // once
  resolve({.set = {"training.margin=5"}});
  EXPECT_EQ(method.margin, 5);
}

TEST_F(ResolveOptions, TheRecordOfARunIsReadAsWhatItWasRunWith) {
  resolve({.config_file = config(R"({"version": "0.1.0", "command": "train", "status": "finished", "data": [],
                                     "config": {"command": "train", "beta": 2, "data": "rows"}})")});
  EXPECT_EQ(training_.beta, 2);
  EXPECT_EQ(files_.data, "rows");
  const Error fault = error({.config_file = config(R"({"version": 1, "config": {"betta": 2}})")});
  EXPECT_THAT(fault.what(), HasSubstr("c.json: config: betta: unknown option; did you mean \"beta\"?"));
}

TEST_F(ResolveOptions, TheRecordOfAnotherCommandIsRefused) {
  EXPECT_THAT(
      error({.config_file = config(R"({"version": 1, "config": {"command": "eval", "beta": 2}})")}).what(),
      HasSubstr("c.json: config: command: is a config of `xlt eval`, not of `xlt train`"));
  EXPECT_THAT(
      error({.config_file = config(R"({"version": 1, "command": "eval", "config": {"beta": 2}})")}).what(),
      HasSubstr("c.json: command: is a config of `xlt eval`, not of `xlt train`"));
  EXPECT_THAT(error({.config_file = config(R"({"config": {"beta": 2}})")}).what(),  // no record
              HasSubstr("c.json: config: unknown option"));
}

TEST_F(ResolveOptions, AConfigOfAnotherCommandIsRefused) {
  EXPECT_THAT(error({.config_file = config(R"({"command": "eval"})")}).what(),
              HasSubstr("c.json: command: is a config of `xlt eval`, not of `xlt train`"));
  EXPECT_THAT(error({.config_file = config("[]")}).what(), HasSubstr("must be a JSON object"));
}

TEST_F(ResolveOptions, RequiredOptionsThatAreEmptyAreNamedByTheirFlags) {
  const auto missing = [&] {
    return error_of([&] { check_required("train", {"data", "langs", "max_steps"}, groups_); });
  };
  EXPECT_EQ(missing().kind(), ErrorKind::kUsage);
  EXPECT_EQ(missing().message(), "--data, --langs must be given; see `xlt train --help`");
  files_.data = "a";
  files_.langs = {"en"};
  EXPECT_THAT(missing().what(), HasSubstr("nothing was thrown"));
}

TEST(FlagName, IsKebabCase) { EXPECT_EQ(flag_name("max_grad_norm"), "--max-grad-norm"); }

}  // namespace
}  // namespace xlt
