// SPDX-License-Identifier: Apache-2.0
// Items and their rows.
#include "eval/scored_item.h"

#include <gtest/gtest.h>

#include "xlt/base/json.h"

namespace xlt {
namespace {

TEST(ScoredItem, SurvivesItsFile) {
  ScoredItem original{
      "é", nullptr, {{"r", {0.1, 3}}}, {Reason::kOther, "why"}, {{"s", {Reason::kNoWordList, "sw"}}}};
  original.by_scorer["a"].ratios["t"] = {2, 4};
  original.by_scorer["b"].unscored = {Reason::kEmptyText};
  const ScoredItem back = item_from_json(parse_json(dump_json(item_to_json(original)), ""));
  EXPECT_EQ(back.id, "é");
  EXPECT_EQ(back.ratios.at("r").numerator, 0.1);
  EXPECT_EQ(back.unscored.text(), "why");
  EXPECT_EQ(back.absent.at("s"), (Unscored{Reason::kNoWordList, "sw"}));
  EXPECT_EQ(back.by_scorer.at("a").ratios.at("t").denominator, 4);
  EXPECT_EQ(back.by_scorer.at("b").unscored.code, Reason::kEmptyText);
}

TEST(ScoredItem, UnderAScorerItHasThatScorersPartAlone) {
  ScoredItem item{"1", nullptr, {{"own", {1, 1}}}};
  item.by_scorer["a"].ratios["judged"] = {1, 2};
  item.by_scorer["b"].unscored = {Reason::kEmptyText};
  item.by_scorer["b"].absent["judged"] = {Reason::kEmptyText};
  const ScoredItem under_a = items_under("a", {item})[0], under_b = items_under("b", {item})[0];
  EXPECT_TRUE(under_a.ratios.contains("own"));
  EXPECT_EQ(under_a.ratios.at("judged").denominator, 2);
  EXPECT_TRUE(under_a.unscored.empty());
  EXPECT_FALSE(under_b.ratios.contains("judged"));
  EXPECT_EQ(under_b.absent.at("judged").code, Reason::kEmptyText);
  EXPECT_EQ(under_b.unscored.code, Reason::kEmptyText);
}

}  // namespace
}  // namespace xlt
