// SPDX-License-Identifier: Apache-2.0
// Which rows become items.
#include "eval/item_rows.h"

#include <set>

#include <gmock/gmock.h>

#include "xlt/base/json.h"

namespace xlt {
namespace {

using ::testing::ElementsAre;

std::vector<Row> rows_of(const std::vector<std::string>& ids) {
  std::vector<Row> rows;
  for (const std::string& id : ids)
    rows.emplace_back(id.empty() ? Json::object() : Json{{"id", id}}, "file:1");
  return rows;
}
std::vector<std::string> ids_of(const std::vector<Row>& rows, const EvalOptions& options) {
  std::vector<std::string> ids;
  for (const ItemRow& item : select_items(rows, {"id"}, options)) ids.push_back(item.id);
  return ids;
}
std::vector<std::string> numbered(int64_t count) {
  std::vector<std::string> ids;
  for (int64_t i = 0; i < count; ++i) ids.push_back("item " + std::to_string(i));
  return ids;
}

TEST(ItemRows, IdsAreFieldsElsePositionsAndUnique) {
  EXPECT_THAT(ids_of(rows_of({"a", "", "a", "b", "a"}), {}), ElementsAre("a", "1", "a#2", "b", "a#3"));
}

TEST(ItemRows, HeadKeepsTheFirst) {
  EvalOptions options;
  options.limit = 2;
  EXPECT_THAT(ids_of(rows_of({"a", "b", "c"}), options), ElementsAre("a", "b"));
}

TEST(ItemRows, F11RandomOrderIsADrawOfTheWholeFileKeptInFileOrder) {
  EvalOptions options;
  options.limit = 100;
  options.limit_order = "random";
  options.seed = 3;
  const auto all = numbered(1000);
  const auto drawn = ids_of(rows_of(all), options);
  ASSERT_EQ(drawn.size(), 100);
  int64_t of_the_first_half = 0;
  size_t last = 0;
  for (const std::string& id : drawn) {
    const auto place = static_cast<size_t>(std::find(all.begin(), all.end(), id) - all.begin());
    EXPECT_TRUE(place >= last);
    last = place;
    of_the_first_half += place < 500;
  }
  // Hypergeometric: 50 ± 4.7, so five deviations either way.
  EXPECT_GT(of_the_first_half, 26);
  EXPECT_LT(of_the_first_half, 74);
  EXPECT_EQ(ids_of(rows_of(all), options), drawn);
  options.seed = 4;
  EXPECT_NE(ids_of(rows_of(all), options), drawn);
}

TEST(ItemRows, F11LanguagesThatShareIdsShareTheDraw) {
  EvalOptions options;
  options.limit = 50;
  options.limit_order = "random";
  auto other = numbered(1000);
  std::reverse(other.begin(), other.end());  // the other language's file has another order
  const auto a = ids_of(rows_of(numbered(1000)), options), b = ids_of(rows_of(other), options);
  EXPECT_EQ(std::set<std::string>(a.begin(), a.end()), std::set<std::string>(b.begin(), b.end()));
  // A file that lacks a tenth of the items draws the rest of the same ones.
  auto shorter = numbered(900);
  const auto c = ids_of(rows_of(shorter), options);
  for (const std::string& id : a)
    if (std::find(shorter.begin(), shorter.end(), id) != shorter.end()) {
      EXPECT_NE(std::find(c.begin(), c.end(), id), c.end()) << id;
    }
}

}  // namespace
}  // namespace xlt
