// SPDX-License-Identifier: Apache-2.0
#include "text/vocabulary.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace xlt {
namespace {

std::string token(int i) { return "token " + std::to_string(i * i); }

TEST(Vocabulary, ManyAskedTogetherAreWhatEachIsAlone) {
  StringList tokens;
  std::vector<int32_t> ids;
  for (int i = 0; i < 1000; ++i) {
    tokens.push_back(token(i));
    ids.push_back(3 * i);
  }
  const Vocabulary vocabulary(std::move(tokens), ids);
  std::vector<std::string> asked{""};
  for (int i = 0; i < 2000; i += 7) asked.push_back(token(i));  // from 1000 on there are none
  const std::vector<std::string_view> views(asked.begin(), asked.end());
  std::vector<int32_t> found(views.size());
  vocabulary.ids_of(views, found.data());
  EXPECT_EQ(found[0], -1);
  for (size_t i = 1; i < found.size(); ++i) {
    EXPECT_EQ(found[i], i <= 143 ? 21 * (static_cast<int>(i) - 1) : -1) << asked[i];
    EXPECT_EQ(found[i], vocabulary.id_of(views[i]));
  }
  Vocabulary().ids_of(views, found.data());
  EXPECT_EQ(found, std::vector<int32_t>(found.size(), -1));
}

TEST(Vocabulary, OfATokenThatStandsTwiceTheLastIdCounts) {
  StringList tokens;
  for (const char* text : {"a", "b", "a"}) tokens.push_back(text);
  const Vocabulary vocabulary(std::move(tokens), {4, 5, 6});
  EXPECT_EQ(vocabulary.id_of("a"), 6);
  EXPECT_EQ(vocabulary.token_of(4), "a");
  EXPECT_EQ(vocabulary.size(), 7);
}

}  // namespace
}  // namespace xlt
