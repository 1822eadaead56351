// SPDX-License-Identifier: Apache-2.0
// Paired changes and their summary over languages.
#include "eval/change.h"

#include <gtest/gtest.h>

#include "xlt/base/json.h"

namespace xlt {
namespace {

ScoredItem item(const std::string& id, double value) { return {id, nullptr, {{"r", {value, 1}}}, {}, {}}; }
const MetricSpec kMean = headline(ratio_metric("mean", "r", false));

TEST(PairedChange, ItemsArePairedByIdWhateverTheirOrder) {
  const std::vector<ScoredItem> before{
      item("a", 1), item("b", 5), item("c", 9), {"d", nullptr, {}, {Reason::kEmptyText}}},
      after{item("c", 8), item("x", 100), item("a", 0), item("d", 50)};
  const PairedChange change = paired_change(kMean, before, after, 100, Rng(1));
  EXPECT_EQ(change.n, 2);  // a and c
  EXPECT_DOUBLE_EQ(change.before, 5);
  EXPECT_DOUBLE_EQ(change.after, 4);
  EXPECT_DOUBLE_EQ(change.ci95->low, -1);  // both fell by 1: pairing leaves no spread
  EXPECT_DOUBLE_EQ(change.ci95->high, -1);
  EXPECT_EQ(change.replicates.size(), 100);
}

TEST(PairedChange, NothingSharedIsNull) {
  const PairedChange change = paired_change(kMean, {item("a", 1)}, {item("b", 1)}, 100, Rng(1));
  EXPECT_EQ(change.n, 0);
  EXPECT_TRUE(change.to_json().is_null());
}

TEST(PairedChange, OneSharedItemHasNoInterval) {
  const PairedChange change = paired_change(kMean, {item("a", 1)}, {item("a", 3)}, 100, Rng(1));
  EXPECT_DOUBLE_EQ(change.to_json().at("change").get<double>(), 2);
  EXPECT_TRUE(change.to_json().at("ci95").is_null());
}

TEST(TransferSummary, LanguagesOtherThanEnglishAreAveragedAndCounted) {
  TransferSummary summary;
  const auto shifted = [](double shift) {
    std::vector<ScoredItem> before, after;
    for (int i = 0; i < 20; ++i) {
      before.push_back(item(std::to_string(i), i));
      after.push_back(item(std::to_string(i), i + shift));
    }
    return paired_change(kMean, before, after, 200, Rng(3));
  };
  summary.add("b", "corrected", kMean, "en", shifted(-3));
  summary.add("b", "corrected", kMean, "fr", shifted(-2));
  summary.add("b", "corrected", kMean, "zh-Hans", shifted(1));
  summary.add("b", "paper", kMean, "fr", shifted(5));
  const Json rows = summary.to_json();
  ASSERT_EQ(rows.size(), 2);
  EXPECT_NEAR(rows[0].at("english").at("change").get<double>(), -3, 1e-12);
  const Json& others = rows[0].at("others");
  EXPECT_EQ(others.at("n_languages"), 2);
  EXPECT_NEAR(others.at("change").get<double>(), -0.5, 1e-12);
  EXPECT_NEAR(others.at("ci95")[0].get<double>(), -0.5, 1e-12);
  EXPECT_EQ(others.at("fell"), 1);
  EXPECT_EQ(others.at("rose"), 1);
  EXPECT_TRUE(rows[1].at("english").is_null());
}

TEST(Cell, NullMetricGivesItsMostFrequentReason) {
  std::vector<ScoredItem> items{
      {"1", nullptr, {}, {Reason::kEmptyCompletion}},
      {"2", nullptr, {}, {Reason::kEmptyCompletion}},
      {"3", nullptr, {{"other", {1, 1}}}, {}, {{"r", {Reason::kOther, "too short"}}}}};
  const Json metric = reduce_metric(kMean, items, 10, Rng(1));
  EXPECT_TRUE(metric.at("value").is_null());
  EXPECT_EQ(metric.at("n"), 0);
  EXPECT_EQ(metric.at("reason"), "empty completion");
  const Json cell = reduce_cell({kMean}, items, 10, Rng(1));
  EXPECT_EQ(cell.at("n_items"), 3);
  EXPECT_EQ(cell.at("n_scored"), 0);
  EXPECT_EQ(cell.at("unscored").at("too short"), 1);
}

}  // namespace
}  // namespace xlt
