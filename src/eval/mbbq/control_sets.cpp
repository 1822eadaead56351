// SPDX-License-Identifier: Apache-2.0
#include "eval/mbbq/control_sets.h"

#include "xlt/base/error.h"
#include "xlt/base/json.h"
#include "xlt/dataset/reader.h"
#include "xlt/eval/evaluate.h"

namespace xlt {

const MbbqControlSet& MbbqControlSets::of(const std::string& language, const CellInput& input,
                                          const std::filesystem::path& phrases_folder,
                                          int64_t max_new_tokens) {
  const EvalOptions& options = input.options;
  // The model by its description: what stands before it may be another in every cell.
  const std::string asked_with = str_cat(&input.services.lm->info(), "|", input.services.model_hash, "|",
                                         options.data, "|", options.limit, "|", options.limit_order, "|",
                                         options.seed, "|", phrases_folder.string(), "|", max_new_tokens);
  if (asked_with != asked_with_) by_language_.clear();
  asked_with_ = asked_with;
  if (const auto found = by_language_.find(language); found != by_language_.end()) return found->second;
  MbbqControlSet set;
  set.questions =
      read_mbbq_questions(mbbq_files(options.data, language, MbbqSet::kControl), MbbqSet::kControl, options);
  std::erase_if(set.questions, [](const MbbqQuestion& question) { return question.is_ambiguous; });
  const MbbqPhrases phrases = mbbq_phrases_for(language, phrases_folder);
  set.answers = ask_mbbq({*input.services.lm, phrases, language, max_new_tokens}, set.questions);
  return by_language_.emplace(language, std::move(set)).first->second;
}

MbbqPhrases mbbq_phrases_for(const std::string& language, const std::filesystem::path& phrases_folder) {
  MbbqPhrases own = read_mbbq_phrases(language, phrases_folder);
  if (language == "en") return own;
  return with_english(std::move(own), read_mbbq_phrases("en", phrases_folder));
}

std::set<std::string> templates_of_evaluation(const std::filesystem::path& folder,
                                              const std::string& language) {
  const std::filesystem::path file = folder / "items" / "mbbq" / (language + ".jsonl");
  std::set<std::string> templates;
  bool is_any = false;
  for (const Row& row : read_rows(file)) {
    const JsonView json(row.fields(), row.place());
    if (!json.has("understood")) continue;
    is_any = true;
    if (json.at("understood").as_bool()) templates.insert(json.at("template").as_string());
  }
  if (!is_any)
    throw Error(ErrorKind::kData, "says of no template whether it was understood; expected items of MBBQ",
                file.string());
  return templates;
}

}  // namespace xlt
