// SPDX-License-Identifier: Apache-2.0
// Options that only some methods have: shown once, given to those that have them, refused by the others.
#include "xlt/train/method_options.h"

#include "train/loss.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/json.h"

namespace xlt {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Two losses that share `strength`; the first has an option of each kind.
class OptionsOnly : public Loss {
 public:
  std::vector<RowSetSpec> row_sets() const override { return {{"train"}}; }
  bool uses_dropout() const override { return false; }
  double default_learning_rate() const override { return 1; }
  std::vector<int64_t> num_items(size_t, const TrainRow&) const override { return {1}; }
  LossValue compute(std::span<const SequenceLogps>) const override { return {}; }
};
struct FirstLoss : OptionsOnly {
  void visit(OptionVisitor& v) override {
    v.field("strength", strength, "how strong", more_than(0));
    v.field("kind", kind, "which kind", one_of({"mean", "sum"}));
    v.field("times", times, "how often", at_least(1));
    v.field("twice", twice, "twice over");
  }
  double strength = 0.5;
  std::string kind = "mean";
  int64_t times = 1;
  bool twice = false;
};
struct SecondLoss : OptionsOnly {
  void visit(OptionVisitor& v) override { v.field("strength", strength, "how strong", more_than(0)); }
  double strength = 0.5;
};
struct PlainLoss : OptionsOnly {};

constexpr Entry<Loss> kTable[] = {
    {"first", [] { return std::unique_ptr<Loss>(std::make_unique<FirstLoss>()); }},
    {"plain", [] { return std::unique_ptr<Loss>(std::make_unique<PlainLoss>()); }},
    {"second", [] { return std::unique_ptr<Loss>(std::make_unique<SecondLoss>()); }},
};

TEST(MethodOptions, AreShownOnceWithTheirDefaultsAndChecks) {
  MethodOptions options(kTable);
  const auto shown = describe_options(visit_of(options));
  ASSERT_EQ(shown.size(), 4u);
  EXPECT_EQ(shown[0].name, "strength");
  EXPECT_EQ(shown[0].default_value, "0.5");
  EXPECT_EQ(shown[1].check, "mean, sum");
  EXPECT_THROW(set_option(visit_of(options), "strength", "0"), Error);
}

TEST(MethodOptions, AreGroupedByTheMethodsThatTakeThem) {
  MethodOptions options(kTable);
  auto groups = options.groups();
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_THAT(groups[0].methods, ElementsAre("first"));
  EXPECT_EQ(describe_options(groups[0].visit).size(), 3u);
  EXPECT_THAT(groups[1].methods, ElementsAre("first", "second"));
  set_option(groups[1].visit, "strength", "2");
  EXPECT_EQ(dump_options(visit_of(options)).at("strength"), 2.0);
}

TEST(MethodOptions, ReachTheLossesThatHaveThem) {
  MethodOptions options(kTable);
  read_options(visit_of(options), {{"strength", 3.0}, {"kind", "sum"}, {"times", 4}, {"twice", true}},
               "test");
  const MethodOptions copy = options;
  FirstLoss first;
  SecondLoss second;
  PlainLoss plain;
  copy.apply(first);
  copy.apply(second);
  copy.apply(plain);
  EXPECT_EQ(first.strength, 3.0);
  EXPECT_EQ(first.kind, "sum");
  EXPECT_EQ(first.times, 4);
  EXPECT_TRUE(first.twice);
  EXPECT_EQ(second.strength, 3.0);
}

TEST(MethodOptions, OfOtherMethodsAreRefusedUnlessTheyHaveTheirDefault) {
  MethodOptions options(kTable);
  set_option(visit_of(options), "strength", "0.5");  // as a run's full list of options has it
  EXPECT_NO_THROW(options.check("plain"));
  set_option(visit_of(options), "strength", "0.6");
  EXPECT_NO_THROW(options.check("second"));
  try {
    options.check("plain");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_THAT(error.message(), HasSubstr("\"strength\" is an option of first, second, not of plain"));
  }
}

TEST(MethodOptions, AValueThatOnlyOthersTakeIsRefused) {
  MethodOptions options;
  set_option(visit_of(options), "label_smoothing", "0.5");
  EXPECT_NO_THROW(options.check("dpo"));
  try {
    options.check("robust");  // divides by 1 − 2ε
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_THAT(error.message(), HasSubstr("robust: label_smoothing"));
  }
}

TEST(MethodOptions, OfTheTableAgreeAmongLosses) {
  MethodOptions options;
  EXPECT_NO_THROW(options.groups());  // types and defaults of one name are the same
  const Json values = dump_options(visit_of(options));
  EXPECT_EQ(values.at("beta"), 0.1);
  EXPECT_EQ(values.at("label_smoothing"), 0.0);
  // What has another default in each method has one for all of them: -1.
  EXPECT_EQ(values.at("nll_weight"), -1.0);
  EXPECT_EQ(values.at("simpo_gamma"), -1.0);
}

}  // namespace
}  // namespace xlt
