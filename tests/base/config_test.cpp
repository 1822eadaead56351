// SPDX-License-Identifier: Apache-2.0
// One `visit` gives help, file reader, flag setter and echo, and all agree.
#include "xlt/base/config.h"

#include "base/base_testing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/json.h"

namespace xlt {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Sample {
  int64_t max_steps = 0;
  double learning_rate = 5e-5;
  bool shuffle = true;
  std::string optimizer = "adamw";
  std::vector<std::string> langs = {"en", "de"};

  void visit(OptionVisitor& v) {
    v.field("max_steps", max_steps, "optimizer steps; 0: by epochs", at_least(0));
    v.field("learning_rate", learning_rate, "step size", more_than(0));
    v.field("shuffle", shuffle, "rows in random order");
    v.field("optimizer", optimizer, "update rule", one_of({"adamw", "rmsprop"}));
    v.field("langs", langs, "languages", one_of({"en", "de", "fr"}));
  }
};

Error set_error(const std::string& name, const std::string& value) {
  Sample sample;
  return error_of([&] { set_option(visit_of(sample), name, value); });
}

Error read_error(const char* text) {
  Sample sample;
  return error_of([&] { read_options(visit_of(sample), parse_json(text, "test"), "c.json: training"); });
}

TEST(DescribeOptions, ListsThemAsDeclared) {
  Sample sample;
  const auto options = describe_options(visit_of(sample));
  ASSERT_EQ(options.size(), 5u);
  EXPECT_EQ(options[0].name, "max_steps");
  EXPECT_EQ(options[0].type, "int");
  EXPECT_EQ(options[0].default_value, "0");
  EXPECT_EQ(options[0].help, "optimizer steps; 0: by epochs");
  EXPECT_EQ(options[0].check, "≥ 0");
  EXPECT_EQ(options[1].default_value, "5e-05");
  EXPECT_EQ(options[1].check, "> 0");
  EXPECT_EQ(options[2].default_value, "true");
  EXPECT_EQ(options[3].check, "adamw, rmsprop");
  EXPECT_EQ(options[4].default_value, "en, de");
}

TEST(DumpOptions, EchoesTheValuesInOrder) {
  Sample sample;
  EXPECT_EQ(dump_options(visit_of(sample)).dump(),
            "{\"max_steps\":0,\"learning_rate\":5e-05,\"shuffle\":true,"
            "\"optimizer\":\"adamw\",\"langs\":[\"en\",\"de\"]}");
}

TEST(ReadOptions, TakesBackWhatWasDumped) {
  Sample sample, copy;
  sample.max_steps = 9'007'199'254'740'993;  // 2^53 + 1: no double holds it
  sample.learning_rate = 0.1;
  sample.shuffle = false;
  sample.optimizer = "rmsprop";
  sample.langs = {};
  read_options(visit_of(copy), dump_options(visit_of(sample)), "echo");
  EXPECT_EQ(dump_options(visit_of(copy)), dump_options(visit_of(sample)));
}

TEST(ReadOptions, LeavesWhatIsNotNamed) {
  Sample sample;
  read_options(visit_of(sample), parse_json(R"({"max_steps": 3})", "test"), "c.json");
  EXPECT_EQ(sample.max_steps, 3);
  EXPECT_EQ(sample.optimizer, "adamw");
}

TEST(ReadOptions, TakesAListAsTextAndAnIntegerAsNumber) {
  Sample sample;
  read_options(visit_of(sample), parse_json(R"({"langs": "fr,en", "learning_rate": 1})", "test"), "c.json");
  EXPECT_THAT(sample.langs, ElementsAre("fr", "en"));
  EXPECT_EQ(sample.learning_rate, 1.0);
}

TEST(ReadOptions, TellsEveryFaultAtOnceWithItsPath) {
  const Error error = read_error(R"({"max_step": 1, "learning_rate": -1, "shuffle": 1, "optimizer": "adamv",
                                     "langs": ["en", "xx"], "nonsense": null})");
  EXPECT_EQ(error.kind(), ErrorKind::kConfig);
  EXPECT_STREQ(error.what(),
               "c.json: training: learning_rate: must be more than 0, is -1\n"
               "c.json: training: shuffle: expected true or false\n"
               "c.json: training: optimizer: unknown value \"adamv\"; did you mean \"adamw\"? available: "
               "adamw, rmsprop\n"
               "c.json: training: langs[1]: unknown value \"xx\"; available: en, de, fr\n"
               "c.json: training: max_step: unknown option; did you mean \"max_steps\"?\n"
               "c.json: training: nonsense: unknown option");
}

TEST(ReadOptions, RefusesTheWrongType) {
  EXPECT_STREQ(read_error(R"({"max_steps": 1.5})").what(),
               "c.json: training: max_steps: expected an integer");
  EXPECT_STREQ(read_error(R"({"max_steps": 9223372036854775808})").what(),
               "c.json: training: max_steps: expected an integer");
  EXPECT_STREQ(read_error(R"({"learning_rate": "1"})").what(),
               "c.json: training: learning_rate: expected a number");
  EXPECT_STREQ(read_error(R"({"optimizer": null})").what(), "c.json: training: optimizer: expected a text");
  EXPECT_STREQ(read_error(R"({"langs": ["en", 1]})").what(),
               "c.json: training: langs: expected a list of texts");
  EXPECT_STREQ(read_error("[]").what(), "c.json: training: expected an object of options");
}

TEST(SetOption, SetsEveryTypeUnderEitherSpelling) {
  Sample sample;
  set_option(visit_of(sample), "max-steps", "-0");
  set_option(visit_of(sample), "max_steps", "12");
  set_option(visit_of(sample), "learning-rate", "3e-4");
  set_option(visit_of(sample), "shuffle", "false");
  set_option(visit_of(sample), "optimizer", "rmsprop");
  set_option(visit_of(sample), "langs", "fr,,de,");
  EXPECT_EQ(sample.max_steps, 12);
  EXPECT_EQ(sample.learning_rate, 3e-4);
  EXPECT_FALSE(sample.shuffle);
  EXPECT_EQ(sample.optimizer, "rmsprop");
  EXPECT_THAT(sample.langs, ElementsAre("fr", "de"));
  set_option(visit_of(sample), "langs", "");
  EXPECT_THAT(sample.langs, IsEmpty());
}

TEST(SetOption, OffersTheNearestName) {
  const Error error = set_error("max-stpes", "1");
  EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  EXPECT_STREQ(error.what(),
               "unknown option \"max_stpes\"; did you mean \"max_steps\"? available: max_steps, "
               "learning_rate, shuffle, optimizer, langs");
}

TEST(SetOption, RefusesWhatIsNotWhollyANumber) {
  for (const char* text : {"", "1e3", "1.0", "x", "1x", " 1", "1 ", "0x10", "+1", "9223372036854775808"}) {
    const Error error = set_error("max_steps", text);
    EXPECT_EQ(error.kind(), ErrorKind::kConfig);
    EXPECT_EQ(error.what(), str_cat("max_steps: expected an integer, found \"", text, "\""));
  }
  for (const char* text : {"", "x", "1x", " 1", "0x1p3", "1,5", "nan", "inf", "-inf", "1e999"})
    EXPECT_EQ(set_error("learning_rate", text).what(),
              str_cat("learning_rate: expected a finite number, found \"", text, "\""));
  EXPECT_STREQ(set_error("shuffle", "yes").what(), "shuffle: expected true or false, found \"yes\"");
}

TEST(SetOption, RefusesWhatFailsTheCheckAndKeepsTheOldValue) {
  Sample sample;
  const Error error = error_of([&] { set_option(visit_of(sample), "max_steps", "-1"); });
  EXPECT_EQ(error.kind(), ErrorKind::kConfig);
  EXPECT_STREQ(error.what(), "max_steps: must be at least 0, is -1");
  EXPECT_EQ(sample.max_steps, 0);
  EXPECT_STREQ(set_error("learning_rate", "-1e-3").what(),
               "learning_rate: must be more than 0, is -0.001, given as \"-1e-3\"");
  EXPECT_STREQ(set_error("optimizer", "RMSprp").what(),
               "optimizer: unknown value \"RMSprp\"; did you mean \"rmsprop\"? available: adamw, rmsprop");
  EXPECT_STREQ(set_error("langs", "en,zz").what(), "langs: unknown value \"zz\"; available: en, de, fr");
}

TEST(ReadOptions, TranslatesNamesOfOtherTools) {
  EXPECT_STREQ(read_error(R"({"lr": 1})").what(),
               "c.json: training: lr: unknown option; did you mean \"learning_rate\"?");
}

TEST(OptionCheck, AdvisesWhoGivesOneValue) {
  const OptionCheck check = with_advice(more_than(0), 0, "for none give --off");
  EXPECT_EQ(check.number(0), "for none give --off; must be more than 0, is 0");
  EXPECT_EQ(check.number(-1), "must be more than 0, is -1");
  EXPECT_EQ(check.number(1), "");
  EXPECT_EQ(check.describe, "> 0");
}

TEST(OptionCheck, BoundsAreWhatTheirNamesSay) {
  EXPECT_EQ(at_least(1).number(1), "");
  EXPECT_EQ(at_least(1).number(0.5), "must be at least 1, is 0.5");
  EXPECT_EQ(more_than(1).number(1), "must be more than 1, is 1");
  EXPECT_EQ(more_than(1).number(1.5), "");
  EXPECT_EQ(between(0, 1).number(0), "");
  EXPECT_EQ(between(0, 1).number(1), "");
  EXPECT_EQ(between(0, 1).number(1.5), "must be between 0 and 1, is 1.5");
  EXPECT_EQ(between(0, 1).describe, "0 … 1");
}

}  // namespace
}  // namespace xlt
