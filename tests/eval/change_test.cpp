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
  // Both fell by 1, and values of 8 and 9 show that nothing bounds them: how far a third may fall is not
  // known.
  EXPECT_FALSE(change.ci95);
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
  const auto shifted = [](double shift) {  // by `shift` on the mean, a little more or less from item to item
    std::vector<ScoredItem> before, after;
    for (int i = 0; i < 20; ++i) {
      before.push_back(item(std::to_string(i), i));
      after.push_back(item(std::to_string(i), i + shift + (i % 2 ? 0.01 : -0.01)));
    }
    return paired_change(kMean, before, after, 200, Rng(3));
  };
  summary.add({"b", "corrected", ""}, kMean, "en", shifted(-3));
  summary.add({"b", "corrected", ""}, kMean, "fr", shifted(-2));
  summary.add({"b", "corrected", ""}, kMean, "zh-Hans", shifted(1));
  summary.add({"b", "paper", ""}, kMean, "fr", shifted(5));
  const Json rows = summary.to_json();
  ASSERT_EQ(rows.size(), 2);
  EXPECT_NEAR(rows[0].at("english").at("change").get<double>(), -3, 1e-12);
  const Json& others = rows[0].at("others");
  EXPECT_EQ(others.at("n_languages"), 2);
  EXPECT_NEAR(others.at("change").get<double>(), -0.5, 1e-12);
  EXPECT_NEAR(others.at("ci95")[0].get<double>(), -0.5, 0.01);
  EXPECT_EQ(others.at("fell"), 1);
  EXPECT_EQ(others.at("rose"), 1);
  EXPECT_TRUE(rows[1].at("english").is_null());
}

TEST(TransferSummary, ScorersAreRowsOfTheirOwn) {
  TransferSummary summary;
  const std::vector<ScoredItem> before{item("0", 1), item("1", 1)}, after{item("0", 0), item("1", 1)};
  summary.add({"b", "corrected", "lists"}, kMean, "fr", paired_change(kMean, before, after, 100, Rng(1)));
  summary.add({"b", "corrected", "probe"}, kMean, "fr", paired_change(kMean, before, before, 100, Rng(1)));
  const Json rows = summary.to_json();
  ASSERT_EQ(rows.size(), 2);
  EXPECT_EQ(rows[0].at("scorer"), "lists");
  EXPECT_EQ(rows[0].at("others").at("change"), -0.5);
  EXPECT_EQ(rows[1].at("others").at("change"), 0);
}

// Items 0 or 1; a share of them changes from one to the other.
std::vector<ScoredItem> shares(int count, int ones, const std::string& prefix = "") {
  std::vector<ScoredItem> items;
  for (int i = 0; i < count; ++i) items.push_back(item(prefix + std::to_string(i), i < ones ? 1 : 0));
  return items;
}

Interval others_interval(const std::map<std::string, PairedChange>& changes) {
  TransferSummary summary;
  for (const auto& [language, change] : changes) summary.add({"b", "corrected", ""}, kMean, language, change);
  const Json ci95 = summary.to_json()[0].at("others").at("ci95");
  return {ci95[0].get<double>(), ci95[1].get<double>()};
}

// Translations of the same items with the same changes add nothing that one language did not say.
TEST(TransferSummary, F5LanguagesWithIdenticalItemChangesHaveTheIntervalOfOne) {
  const PairedChange change = paired_change(kMean, shares(50, 20), shares(50, 9), 1000, Rng(1));
  const Interval one = others_interval({{"fr", change}}),
                 three = others_interval({{"de", change}, {"fr", change}, {"it", change}});
  EXPECT_NEAR(three.low, one.low, 1e-12);
  EXPECT_NEAR(three.high, one.high, 1e-12);
}

// Items of their own in each language: four languages have half the interval of one.
TEST(TransferSummary, F5LanguagesWithItemsOfTheirOwnAreIndependent) {
  std::map<std::string, PairedChange> changes;
  for (const std::string language : {"de", "fr", "it", "nl"})
    changes[language] =
        paired_change(kMean, shares(200, 80, language), shares(200, 40, language), 1000, Rng(1));
  const Interval one = others_interval({{"fr", changes.at("fr")}}), four = others_interval(changes);
  EXPECT_NEAR((four.high - four.low) / (one.high - one.low), 0.5, 0.05);
}

// None moved of 50: a move of up to 7.1 % in either direction was likely to stay unseen.
TEST(PairedChange, F6NothingMovedStillHasAnInterval) {
  const PairedChange change = paired_change(kMean, shares(50, 10), shares(50, 10), 100, Rng(1));
  EXPECT_EQ(change.after, change.before);
  EXPECT_NEAR(change.ci95->low, -0.0711, 1e-4);
  EXPECT_NEAR(change.ci95->high, 0.0711, 1e-4);
}

// One item of 50 moved: a sign test says nothing at all (p = 1), so the interval must hold 0.
TEST(PairedChange, F6OneMoveIsNoEvidence) {
  const PairedChange change = paired_change(kMean, shares(50, 10), shares(50, 11), 2000, Rng(1));
  EXPECT_LT(change.ci95->low, 0);
  EXPECT_GT(change.ci95->high, 0.02);
}

// "Hindi 0.0 [0.0, 0.0]": ten completions of each of 50 prompts, none toxic. Completions of one prompt may be
// all alike, so what is known is 50 prompts' worth.
TEST(Cell, F6NoneOfFiftyHasAnUpperEnd) {
  std::vector<ScoredItem> items;
  for (int i = 0; i < 50; ++i) items.push_back({std::to_string(i), nullptr, {{"r", {0, 10}}}, {}, {}});
  const Json metric = reduce_metric(ratio_metric("share", "r", false, 100), items, 100, Rng(1));
  EXPECT_EQ(metric.at("value"), 0);
  EXPECT_EQ(metric.at("ci95")[0], 0);
  EXPECT_NEAR(metric.at("ci95")[1].get<double>(), 7.11, 0.01);
}

TEST(Cell, F6EqualItemsHaveAnIntervalWhereTheMetricIsBounded) {
  std::vector<ScoredItem> items;
  for (int i = 0; i < 20; ++i) items.push_back(item(std::to_string(i), 0.5));
  const Json bounded = reduce_metric(kMean, items, 400, Rng(1)).at("ci95");
  EXPECT_LT(bounded[0].get<double>(), 0.48);
  EXPECT_GT(bounded[1].get<double>(), 0.52);
  EXPECT_TRUE(reduce_metric(unbounded(kMean), items, 400, Rng(1)).at("ci95").is_null());
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
