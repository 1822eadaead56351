// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/join.h"

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "xlt/base/json.h"

namespace xlt {
namespace {

struct Named {
  const char* name;
  std::string shout() const { return std::string(name) + "!"; }
};

TEST(Join, PutsASeparatorBetweenTexts) {
  EXPECT_EQ(join(std::vector<std::string>{}), "");
  EXPECT_EQ(join(std::vector<std::string>{"a"}), "a");
  EXPECT_EQ(join(std::vector<std::string>{"a", "b", "c"}), "a, b, c");
  EXPECT_EQ(join(std::vector<std::string>{"a", "b", "c"}, " & "), "a & b & c");
}

TEST(Join, KeepsEmptyTexts) { EXPECT_EQ(join(std::vector<std::string>{"", "a", ""}, ","), ",a,"); }

TEST(Join, TakesTextsOfAnyKind) {
  const char* const kWords[] = {"a", "b"};
  EXPECT_EQ(join(kWords), "a, b");
  EXPECT_EQ(join(std::array<std::string_view, 2>{"a", "b"}, ""), "ab");
  EXPECT_EQ(join(Json::array({"a", "b"})), "a, b");
  EXPECT_THROW(join(Json::array({1})), Json::type_error);
}

TEST(Join, AsksTheProjectionForAText) {
  const std::vector<Named> named = {{"a"}, {"b"}};
  EXPECT_EQ(join(named, "/", &Named::name), "a/b");
  EXPECT_EQ(join(named, "/", &Named::shout), "a!/b!");
  const std::map<std::string, int> counts = {{"a", 1}, {"b", 2}};
  EXPECT_EQ(join(counts, ", ", &std::map<std::string, int>::value_type::first), "a, b");
  EXPECT_EQ(join(counts, ", ", [](const auto& row) { return row.first + std::to_string(row.second); }),
            "a1, b2");
  EXPECT_EQ(join(parse_json(R"([{"name": "a"}, {"name": "b"}])", "here"), ", ",
                 [](const Json& row) { return row.at("name"); }),
            "a, b");
}

TEST(AppendItem, PutsTheSeparatorWhereSomethingStandsBefore) {
  std::string list;
  append_item(list, "a");
  EXPECT_EQ(list, "a");
  append_item(list, std::string("b"));
  EXPECT_EQ(list, "a, b");
  append_item(list, "c", "; ");
  EXPECT_EQ(list, "a, b; c");
}

}  // namespace
}  // namespace xlt
