// SPDX-License-Identifier: Apache-2.0
// Retention on a scripted divergence.
#include "eval/eval_testing.h"
#include "eval/plan.h"

#include <algorithm>
#include <numbers>

#include <gmock/gmock.h>

namespace xlt {
namespace {

using ::testing::HasSubstr;

class Retention : public EvalTest {
 protected:
  Retention() {
    options_.benchmarks = {"retention"};
    write_data("udhr/en.jsonl", "{\"id\":\"1\",\"text\":\"one two\"}\n{\"id\":\"2\",\"text\":\"three\"}\n");
  }
};

TEST_F(Retention, IsAMeanOverPositions) {
  lm_.divergence = Divergence{0.6, 4, 3};
  const Json report = run();
  for (const char* scoring : {"paper", "corrected"}) {
    const Json cell = Retention::cell(report, "retention", "en", scoring);
    EXPECT_DOUBLE_EQ(value(cell, "kl_to_base"), 0.15);
    EXPECT_DOUBLE_EQ(value(cell, "top1_agreement"), 0.75);
    // 3 words of −1 nat, 12 bytes.
    EXPECT_DOUBLE_EQ(value(cell, "bits_per_byte"), 3 / std::numbers::ln2 / 12);
  }
}

TEST_F(Retention, WithoutAnUntouchedModelItIsNullAndBitsPerByteIsNot) {
  const Json cell = Retention::cell(run(), "retention", "en", "corrected");
  for (const char* metric : {"kl_to_base", "top1_agreement"}) {
    EXPECT_TRUE(cell.at("metrics").at(metric).at("value").is_null());
    EXPECT_THAT(cell.at("metrics").at(metric).at("reason").get<std::string>(), HasSubstr("--base"));
  }
  EXPECT_GT(value(cell, "bits_per_byte"), 0);
  EXPECT_EQ(cell.at("n_scored"), 2);
}

TEST_F(Retention, IsOfAllOnlyWithABase) {
  const auto is_asked = [&] {
    const auto selected = selected_benchmarks(options_);
    return std::any_of(selected.begin(), selected.end(),
                       [](const NamedBenchmark& each) { return each.name == "retention"; });
  };
  EXPECT_TRUE(is_asked());
  options_.benchmarks = {"all"};
  EXPECT_FALSE(is_asked());
  options_.base = "untouched";
  EXPECT_TRUE(is_asked());
}

}  // namespace
}  // namespace xlt
