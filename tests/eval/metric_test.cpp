// SPDX-License-Identifier: Apache-2.0
// Formulas give the numbers that they promise, and a metric survives its report.
#include "xlt/eval/metric.h"

#include <cmath>

#include <gtest/gtest.h>

#include "xlt/base/json.h"
#include "xlt/eval/ratio_table.h"

namespace xlt {
namespace {

double value(const std::string& kind, std::vector<Ratio> sums, double scale = 1) {
  return find_formula(kind)->combine(sums, scale);
}

TEST(Formula, RatioIsScaledAndUndefinedOfNothing) {
  EXPECT_DOUBLE_EQ(value("ratio", {{3, 4}}, 100), 75);
  EXPECT_TRUE(std::isnan(value("ratio", {{0, 0}})));
  EXPECT_DOUBLE_EQ(value("ratio_or_one", {{0, 0}}), 1);
  EXPECT_DOUBLE_EQ(value("ratio_or_one", {{1, 4}}), 0.25);
}

TEST(Formula, ExpRatioIsPerplexity) {
  EXPECT_DOUBLE_EQ(value("exp_ratio", {{std::log(8.0) * 5, 5}}), 8);
  EXPECT_TRUE(std::isnan(value("exp_ratio", {{0, 0}})));
}

// ss 60 and lms 90: 90 · min(60, 40) / 50 = 72.
TEST(Formula, IcatIsOfNadeemAndOthers) {
  EXPECT_DOUBLE_EQ(value("icat", {{6, 10}, {18, 20}}, 100), 72);
  EXPECT_TRUE(std::isnan(value("icat", {{0, 0}, {18, 20}}, 100)));
}

// 1 of 3 is 33.33 and 1 of 1 is 100.00: (3 · 33.33 + 100) / 4.
TEST(Formula, RoundedWeightedMeanRoundsEachTypeFirst) {
  EXPECT_DOUBLE_EQ(value("rounded_weighted_mean", {{1, 3}, {0, 0}, {1, 1}}, 100), (3 * 33.33 + 100) / 4);
  EXPECT_TRUE(std::isnan(value("rounded_weighted_mean", {{0, 0}}, 100)));
}

// Against numpy.median of 3, 1, 10 and of 3, 1, 10, 2; a weight of two is an item twice, of nothing none.
TEST(Formula, MedianIsOfItemsAndTheirWeights) {
  MetricSpec spec = with_formula(ratio_metric("m", "r", false), "median");
  EXPECT_FALSE(spec.is_of_sums());
  RatioTable table;
  for (const double value : {3.0, 1.0, 10.0}) table.add(spec, std::to_string(value), {{"r", {2 * value, 2}}});
  EXPECT_DOUBLE_EQ(value_of(spec, table), 3);
  EXPECT_DOUBLE_EQ(value_of(spec, table, std::vector<double>{0, 1, 1}), 5.5);
  EXPECT_DOUBLE_EQ(value_of(spec, table, std::vector<double>{1, 1, 3}), 10);
  table.add(spec, "2", {{"r", {2, 1}}});
  EXPECT_DOUBLE_EQ(value_of(spec, table), 2.5);
  EXPECT_TRUE(std::isnan(value_of(spec, {})));
  EXPECT_EQ(metric_from_json("m", metric_to_json(spec), "here").formula, spec.formula);
}

TEST(Formula, AMissNamesTheNearest) {
  try {
    find_formula("ratios");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("did you mean \"ratio\""), std::string::npos);
  }
}

TEST(Metric, SurvivesItsReport) {
  MetricSpec spec = with_ideal(with_formula(ratio_metric("x", "a", std::nullopt, 100), "icat"), 50);
  spec.ratios.push_back("b");
  const MetricSpec back =
      metric_from_json("x", parse_json(dump_json(metric_to_json(spec)), ""), "report.json");
  EXPECT_EQ(back.ratios, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(back.formula, spec.formula);
  EXPECT_EQ(back.scale, 100);
  EXPECT_EQ(back.ideal, 50);
  EXPECT_EQ(back.higher_is_better, std::nullopt);
  EXPECT_TRUE(back.is_bounded);
  const MetricSpec bits =
      metric_from_json("bits", metric_to_json(unbounded(ratio_metric("bits", "bits", false))), "report.json");
  EXPECT_FALSE(bits.is_bounded);
  EXPECT_EQ(bits.higher_is_better, false);
  EXPECT_EQ(bits.ideal, std::nullopt);
}

TEST(Metric, AnOlderReportIsRefusedByName) {
  for (const Json& json : {Json{{"value", 1}, {"higher_is_better", true}},
                           Json{{"formula", {{"kind", "midrange"}, {"ratios", {"a"}}}}}}) {
    try {
      metric_from_json("x", json, "out/report.json");
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kData);
      EXPECT_NE(std::string(error.what()).find("out/report.json"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace xlt
