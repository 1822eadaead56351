// SPDX-License-Identifier: Apache-2.0
// The table of quirks: complete, and each one that is called reproduced has a test that shows it.
#include "xlt/base/quirk.h"

#include <filesystem>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {
namespace {

using ::testing::HasSubstr;

// "Suite.Name" of every test in the sources.
std::set<std::string> tests_there_are() {
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(XLT_SOURCE_DIR) / "tests")) {
    if (!entry.path().string().ends_with("_test.cpp")) continue;
    const std::string source = read_file(entry.path());
    for (size_t at = 0; (at = source.find("\nTEST", at)) != std::string::npos; ++at) {
      const size_t open = source.find('(', at), comma = source.find(',', open),
                   close = source.find(')', comma);
      std::string name = source.substr(comma + 1, close - comma - 1);
      name.erase(0, name.find_first_not_of(" \n"));
      names.insert(source.substr(open + 1, comma - open - 1) + "." + name);
    }
  }
  return names;
}

TEST(Quirks, F9EveryOneThatIsReproducedHasATestThatShowsIt) {
  const auto tests = tests_there_are();
  ASSERT_TRUE(tests.contains("Quirks.F9EveryOneThatIsReproducedHasATestThatShowsIt"));
  for (const Quirk& quirk : quirks()) {
    if (!quirk.is_reproduced()) continue;
    EXPECT_TRUE(tests.contains(quirk.reason)) << quirk.id << ": no test " << quirk.reason;
  }
}

TEST(Quirks, F9EveryOneOfTheProtocolIsThereInItsOrder) {
  std::vector<std::string> expected, ids;
  for (const auto& [letter, count] : {std::pair("T", 16), {"B", 10}, {"M", 11}, {"G", 14}, {"N", 9}})
    for (int number = 1; number <= count; ++number) expected.push_back(letter + std::to_string(number));
  for (const Quirk& quirk : quirks()) {
    ids.emplace_back(quirk.id);
    for (const char* text : {quirk.what, quirk.paper, quirk.corrected, quirk.reason})
      EXPECT_FALSE(std::string(text).empty()) << quirk.id;
  }
  EXPECT_EQ(ids, expected);
}

TEST(Quirks, SwitchesAreTakenAndTheOthersSayWhatTheyAre) {
  EXPECT_EQ(switchable_quirks(), (std::vector<std::string>{"B5", "G4", "G14"}));
  EXPECT_NO_THROW(check_quirk_switch("B5"));
  const auto complaint = [](const char* id) -> std::string {
    try {
      check_quirk_switch(id);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(complaint("B3"), HasSubstr("B3 cannot be switched: it is in paper mode"));
  EXPECT_THAT(complaint("T13"), HasSubstr("left out (a run that cannot be repeated"));
  EXPECT_THAT(complaint("G44"), HasSubstr("did you mean \"G4\"?"));
}

}  // namespace
}  // namespace xlt
