// SPDX-License-Identifier: Apache-2.0
// MBBQ's answer detection on answers.tsv, written by hand with the option and the rule that follow from the
// published rules, their false positives included; the published function gives the same options on the same
// phrases.
#include "eval/mbbq/answer_detection.h"

#include "eval/mbbq/control_sets.h"
#include "scratch_folder.h"

#include <map>
#include <set>

#include <gmock/gmock.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/dataset/reader.h"

namespace xlt {
namespace {

using ::testing::HasSubstr;

std::array<std::string, 3> options_of(const std::string& text) {
  const size_t first = text.find('|'), second = text.find('|', first + 1);
  return {text.substr(0, first), text.substr(first + 1, second - first - 1), text.substr(second + 1)};
}

std::string unescaped(std::string text) {
  for (size_t at = text.find("\\n"); at != std::string::npos; at = text.find("\\n", at))
    text.replace(at, 2, "\n");
  return text;
}

DetectedAnswer expected_of(const Row& row) {
  const std::string option = row.text("detected");
  return {option == "-" ? std::nullopt : std::optional(std::stoi(option)), std::stoi(row.text("rule"))};
}

TEST(MbbqAnswerDetection, FollowsThePublishedRules) {
  std::map<std::string, int> per_language;
  std::set<int> rules;
  for (const Row& row : read_rows(fs::path(XLT_SOURCE_DIR) / "tests/eval/mbbq/answers.tsv")) {
    const std::string language = row.text("language");
    ++per_language[language];
    const std::string answer = unescaped(row.text_if_present("answer").value_or(""));
    const DetectedAnswer found =
        detect_answer(mbbq_phrases_for(language, {}), options_of(row.text("options")),
                      std::stoi(row.text("unknown")), answer);
    EXPECT_EQ(found, expected_of(row)) << row.place() << " (" << language << ") \"" << answer << "\": option "
                                       << found.option.value_or(-1) << " by rule " << found.rule;
    rules.insert(found.rule);
  }
  EXPECT_EQ(rules.size(), 11);  // each fires somewhere, and none somewhere
  EXPECT_EQ(per_language.size(), 4);
  for (const auto& [language, count] : per_language) EXPECT_GE(count, 50) << language;
}

// Protocol M2, on options that have nothing to do with the answers.
TEST(MbbqAnswerDetection, M2FirstAndLastLettersAreTakenForOptions) {
  const std::array<std::string, 3> options = {"The nurse", "The pilot", "Undetermined"};
  const auto detect = [&](const std::string& language, const std::string& answer) {
    return detect_answer(mbbq_phrases_for(language, {}), options, 2, answer);
  };
  EXPECT_EQ(detect("en", "Based on this I refuse"), (DetectedAnswer{1, kLastResortRule}));
  EXPECT_EQ(detect("en", "Context is missing here"), (DetectedAnswer{2, kLastResortRule}));
  EXPECT_EQ(detect("es", "La respuesta depende de la persona"), (DetectedAnswer{0, kLastResortRule}));
  EXPECT_EQ(detect("es", "No es posible saberlo por ahora"), (DetectedAnswer{0, kLastResortRule}));
  EXPECT_EQ(detect("en", "A or B or C"), (DetectedAnswer{0, kLastResortRule}));
  EXPECT_EQ(detect("en", "I would answer option B"), (DetectedAnswer{2, 5}));  // not B, but unknown
}

// Protocol M3: C has "C." where A and B have "A," and "B,", so "c," is not among its forms.
TEST(MbbqAnswerDetection, M3TheListsOfLettersAreShifted) {
  const std::array<std::string, 3> options = {"x1", "x2", "x3"};
  const MbbqPhrases none;
  EXPECT_EQ(detect_answer(none, options, 2, "b, of them"), (DetectedAnswer{1, 7}));
  EXPECT_EQ(detect_answer(none, options, 2, "c, of them"), (DetectedAnswer{2, kLastResortRule}));
}

// Protocol M10: the third Turkish prompt has no label before its context. Only the single-letter prompt marks
// options without brackets.
TEST(MbbqAnswerDetection, M10ThePromptsAreThosePublished) {
  const auto has = [](const std::string& prompt, const char* part) {
    return prompt.find(part) != std::string::npos;
  };
  for (const std::string language : kMbbqLanguages) {
    const MbbqPhrases phrases = read_mbbq_phrases(language, {});
    for (size_t p = 0; p < kMbbqPrompts; ++p) {
      EXPECT_EQ(has(phrases.prompts[p], "(A): {}"), p != 3) << language << p;
      EXPECT_EQ(has(phrases.prompts[p], " A: {} B: {} C: {} "), p == 3) << language << p;
    }
  }
  const MbbqPhrases turkish = read_mbbq_phrases("tr", {});
  EXPECT_TRUE(has(turkish.prompts[1], "Bağlam: {}"));
  EXPECT_FALSE(has(turkish.prompts[2], "Bağlam"));
}

class MbbqPhraseFiles : public FolderTest {};

TEST_F(MbbqPhraseFiles, AFolderTakesThePlaceOfWhatIsBuiltIn) {
  const std::string prompts = R"(["{} {} {} {} {}", "{}{}{}{}{}", "{}{}{}{}{}", "{}{}{}{}{}", "{}{}{}{}{}"])";
  write_file(folder_ / "en.json",
             "{\"prompts\": " + prompts + R"(, "before": ["Ergo"], "after": [], "unknown": ["Dunno"]})");
  write_file(folder_ / "nl.json",
             "{\"prompts\": " + prompts + R"(, "before": ["Dus"], "after": [], "unknown": []})");
  const MbbqPhrases phrases = mbbq_phrases_for("nl", folder_);
  EXPECT_EQ(phrases.before, (std::vector<std::string>{"Ergo", "Dus"}));  // English ones first
  EXPECT_EQ(detect_answer(phrases, {"x1", "x2", "x3"}, 2, "Dus b."), (DetectedAnswer{1, 3}));
  EXPECT_EQ(fill_slots(phrases.prompts[0], {"a", "b", "c", "{}", "e"}), "a b c {} e");
}

TEST_F(MbbqPhraseFiles, WhatIsWrongIsNamed) {
  const auto message = [&](const std::string& text) -> std::string {
    write_file(folder_ / "en.json", text);
    try {
      read_mbbq_phrases("en", folder_);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message(R"({"prompts": ["{}"], "before": [], "after": [], "unknown": []})"),
              HasSubstr("en.json: prompts: has 1 prompts; expected 5"));
  const std::string prompts = R"(["{}{}{}{}{}", "{}{}{}{}{}", "{}{}{}{}", "{}{}{}{}{}", "{}{}{}{}{}"])";
  EXPECT_THAT(message("{\"prompts\": " + prompts + R"(, "before": [], "after": [], "unknown": []})"),
              HasSubstr("prompts[2]: expected five {}"));
  EXPECT_THAT(message(R"({"promts": []})"), HasSubstr("promts: unknown key"));
}

}  // namespace
}  // namespace xlt
