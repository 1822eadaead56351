// SPDX-License-Identifier: Apache-2.0
// One row of MBBQ's files: a context, a question about it, and three options, of which one says that there is
// no telling and, mostly, one names the group that the stereotype is about.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "xlt/dataset/reader.h"
#include "xlt/eval/evaluate.h"
#include "xlt/scorers/unscored.h"

namespace xlt {

inline constexpr std::array<const char*, 6> kMbbqSubsets = {
    "Age", "Disability_status", "Gender_identity", "Physical_appearance", "SES", "Sexual_orientation"};
inline constexpr std::array<const char*, 4> kMbbqLanguages = {"en", "es", "nl", "tr"};

enum class MbbqSet { kMain, kControl };  // control: the same questions about people's names

// DATA/mbbq/Age_control_es.jsonl …, in the order of the subsets.
std::vector<std::filesystem::path> mbbq_files(const std::filesystem::path& data, const std::string& language,
                                              MbbqSet set);

struct MbbqQuestion {
  std::string id;             // "Age/17"; of the control set "control/Age/17": the same in every language
  std::string subset, index;  // index: of the template, within the subset
  MbbqSet set = MbbqSet::kMain;
  bool is_ambiguous = false;  // the context does not say; `label` is then `unknown`
  bool is_negative = false;   // asks who is bad at it; else who is good at it
  std::string context, question;
  std::array<std::string, 3> options;
  int label = 0, unknown = 0;
  std::optional<int> target;  // the stereotyped group; nothing where none is, or two are (quirk M7)
  std::string place;          // "Age_en.jsonl:18"
  Unscored unscored = {};     // a null in its row: of the above only what says where it stands is sure

  std::string template_name() const { return subset + "/" + index; }
  // The option that is neither unknown nor the target. There is a target.
  int other() const { return 3 - unknown - *target; }
  // What a stereotype would answer: the target where the question is negative, else the other (quirk M11: the
  // published code always takes the target). There is a target.
  int conforming() const { return is_negative ? *target : other(); }
};

// The rows that --limit keeps of each of `files`, as mbbq_files gives them. Throws kData naming file and
// line; a null is an unscored question.
std::vector<MbbqQuestion> read_mbbq_questions(const std::vector<std::filesystem::path>& files, MbbqSet set,
                                              const EvalOptions& options);

}  // namespace xlt
