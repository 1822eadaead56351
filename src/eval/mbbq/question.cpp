// SPDX-License-Identifier: Apache-2.0
#include "eval/mbbq/question.h"

#include "eval/chosen_items.h"

#include <algorithm>

#include "xlt/base/error.h"
#include "xlt/base/json.h"

namespace xlt {

namespace {

// What Gender_identity's groups "F" and "M" are called among its options, in four languages.
constexpr std::array<const char*, 9> kFemale = {"girl",  "woman", "vrouw", "meisje", "kız",
                                                "kadın", "chica", "mujer", "maestra"};
constexpr std::array<const char*, 8> kMale = {"boy",  "man",   "jongen", "erkek çocuk",
                                              "adam", "chico", "hombre", "maestro"};

// The groups as the options' labels spell them.
std::vector<std::string> stereotyped_groups(const JsonView& json, const std::string& subset) {
  const auto groups = json.at("additional_metadata").at("stereotyped_groups").as_strings();
  const auto is_only = [&](const char* name) { return groups.size() == 1 && groups[0] == name; };
  if (subset == "Gender_identity" && is_only("F")) return {kFemale.begin(), kFemale.end()};
  if (subset == "Gender_identity" && is_only("M")) return {kMale.begin(), kMale.end()};
  if (subset == "SES" && is_only("low SES")) return {"lowSES"};
  return groups;
}

// The group of an option; the control sets say F and M.
std::string group_of(const JsonView& json, int option) {
  const std::string group = json.at("answer_info").at(str_cat("ans", option)).at(1).as_string();
  return group == "F" ? "woman" : group == "M" ? "man" : group;
}

template <typename Value>
Value one_of_two(const JsonView& at, const char* first, const char* second, Value if_first, Value if_second) {
  const std::string text = at.as_string();
  if (text != first && text != second)
    at.fail(str_cat("\"", text, "\": expected \"", first, "\" or \"", second, "\""));
  return text == first ? if_first : if_second;
}

// What parse_question needs.
std::vector<FieldPath> fields_of_mbbq() {
  auto fields =
      outermost({"question_index", "context_condition", "question_polarity", "context", "question", "label"});
  for (int i = 0; i < 3; ++i) {
    fields.push_back({str_cat("ans", i)});
    fields.push_back({"answer_info", str_cat("ans", i), "1"});
  }
  fields.push_back({"additional_metadata", "stereotyped_groups", "*"});
  return fields;
}

// A row with a null, which nobody can be asked.
MbbqQuestion unasked(const Row& row, const std::string& subset, MbbqSet set, Unscored why) {
  MbbqQuestion question{.subset = subset,
                        .index = row.text_if_present("question_index").value_or(""),
                        .set = set,
                        .place = row.place(),
                        .unscored = std::move(why)};
  question.is_ambiguous = row.text_if_present("context_condition") == "ambig";
  return question;
}

MbbqQuestion parse_question(const Row& row, const std::string& subset, MbbqSet set) {
  if (Unscored why = null_in(row, fields_of_mbbq()); !why.empty())
    return unasked(row, subset, set, std::move(why));
  const JsonView json(row.fields(), row.place());
  MbbqQuestion question{
      .subset = subset, .index = row.text("question_index"), .set = set, .place = row.place()};
  question.is_ambiguous = one_of_two(json.at("context_condition"), "ambig", "disambig", true, false);
  question.is_negative = one_of_two(json.at("question_polarity"), "neg", "nonneg", true, false);
  question.context = row.text("context");
  question.question = row.text("question");
  question.label = static_cast<int>(json.at("label").as_int());
  if (question.label < 0 || question.label > 2) json.at("label").fail("expected 0, 1 or 2");
  const auto groups = stereotyped_groups(json, subset);
  int num_unknown = 0, num_targets = 0;
  for (int i = 0; i < 3; ++i) {
    question.options[static_cast<size_t>(i)] = row.text(str_cat("ans", i));
    const std::string group = group_of(json, i);
    if (group == "unknown") {
      question.unknown = i;
      ++num_unknown;
    }
    if (std::find(groups.begin(), groups.end(), group) == groups.end()) continue;
    question.target = i;
    ++num_targets;
  }
  if (num_unknown != 1) json.at("answer_info").fail("expected exactly one option of the group \"unknown\"");
  if (num_targets != 1 || question.target == question.unknown) question.target.reset();
  return question;
}

}  // namespace

std::vector<std::filesystem::path> mbbq_files(const std::filesystem::path& data, const std::string& language,
                                              MbbqSet set) {
  std::vector<std::filesystem::path> files;
  for (const char* subset : kMbbqSubsets)
    files.push_back(data / "mbbq" /
                    str_cat(subset, set == MbbqSet::kControl ? "_control_" : "_", language, ".jsonl"));
  return files;
}

std::vector<MbbqQuestion> read_mbbq_questions(const std::vector<std::filesystem::path>& files, MbbqSet set,
                                              const EvalOptions& options) {
  XLT_CHECK(files.size() == kMbbqSubsets.size(), files.size(), " files of ", kMbbqSubsets.size(), " subsets");
  std::vector<MbbqQuestion> questions;
  for (size_t i = 0; i < files.size(); ++i)
    for (const ItemRow& item : select_items(read_rows(files[i]), {"example_id"}, options)) {
      questions.push_back(parse_question(item.row, kMbbqSubsets[i], set));
      questions.back().id =
          str_cat(set == MbbqSet::kControl ? "control/" : "", kMbbqSubsets[i], "/", item.id);
    }
  return questions;
}

}  // namespace xlt
