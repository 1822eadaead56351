// SPDX-License-Identifier: Apache-2.0
// Tables find by name; a miss offers what is near and lists what there is.
#include "xlt/base/registry.h"

#include "base/base_testing.h"

#include <gtest/gtest.h>

namespace xlt {

// A toy of what the tables hold: rows in numbers.def, one function each.
struct Number {
  int value;
};

#define XLT_ROWS "base/numbers.def"
#define XLT_THING Number
#define XLT_MAKER number
#define XLT_LIST numbers
#include "xlt/base/expand_table.h"

std::unique_ptr<Number> make_one_number() { return std::make_unique<Number>(Number{1}); }
std::unique_ptr<Number> make_two_number() { return std::make_unique<Number>(Number{2}); }

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

// A file's names may be of any length; comparing them must not cost the product of their lengths.
TEST(Registry, HugeNamesAreNearNothing) {
  const std::string huge(20'000'000, 'x');
  EXPECT_EQ(nearest_name("hidden_size", {huge, "hidden_sizes"}), "hidden_sizes");
  EXPECT_EQ(nearest_name(huge, {huge + "x", "hidden_size"}), "");
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

TEST(Table, HoldsItsRowsInOrder) {
  EXPECT_EQ(names_of(numbers()), (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(find_entry(numbers(), "number", "two").make()->value, 2);
  try {
    find_entry(numbers(), "number", "tow");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "unknown number \"tow\"; did you mean \"two\"? available: one, two");
  }
}

}  // namespace
}  // namespace xlt
