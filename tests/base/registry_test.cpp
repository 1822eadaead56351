// SPDX-License-Identifier: Apache-2.0
// Tables find by name; a miss offers what is near and lists what there is.
#include "xlt/base/registry.h"

#include "base/base_testing.h"

#include <gtest/gtest.h>

namespace xlt {
namespace {

struct Loss {
  int value;
};
constexpr Entry<Loss> kLosses[] = {{"dpo", [] { return std::make_unique<Loss>(Loss{1}); }},
                                   {"sft", [] { return std::make_unique<Loss>(Loss{2}); }}};

TEST(Registry, FindsAnEntryAndMakesIt) {
  EXPECT_EQ(find_entry<Loss>(kLosses, "loss", "sft").make()->value, 2);
  EXPECT_EQ(names_of<Loss>(kLosses), (std::vector<std::string>{"dpo", "sft"}));
}

TEST(Registry, AMissOffersTheNearestAndListsAll) {
  const Error error = error_of([] { find_entry<Loss>(kLosses, "loss", "dop"); });
  EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  EXPECT_STREQ(error.what(), "unknown loss \"dop\"; did you mean \"dpo\"? available: dpo, sft");
  EXPECT_EQ(unknown_name_message("loss", "kto", {"dpo", "sft"}), "unknown loss \"kto\"; available: dpo, sft");
  EXPECT_EQ(unknown_name_message("loss", "kto", {}), "unknown loss \"kto\"");
}

TEST(NearestName, AllowsAThirdOfTheNameToChange) {
  EXPECT_EQ(nearest_name("stereose", {"crows_pairs", "stereoset"}), "stereoset");    // one missing
  EXPECT_EQ(nearest_name("stereosett", {"crows_pairs", "stereoset"}), "stereoset");  // one too many
  EXPECT_EQ(nearest_name("abcxyz", {"abcdez"}), "abcdez");                           // 2 of 6
  EXPECT_EQ(nearest_name("abcxyz", {"abcdef"}), "");                                 // 3 of 6
  EXPECT_EQ(nearest_name("xx", {"en", "de"}), "");
  EXPECT_EQ(nearest_name("anything", {}), "");
}

TEST(NearestName, PrefersTheFewestEdits) {
  EXPECT_EQ(nearest_name("max_step", {"max_stop_a", "max_steps"}), "max_steps");
  EXPECT_EQ(nearest_name("tset", {"rest", "test"}), "test");  // neighbours swapped: one edit
}

TEST(NearestName, OverlooksCaseAndDashes) {
  EXPECT_EQ(nearest_name("RMSProp", {"adamw", "rmsprop"}), "rmsprop");
  EXPECT_EQ(nearest_name("lr-schedule", {"lr_schedule"}), "lr_schedule");
}

}  // namespace
}  // namespace xlt
