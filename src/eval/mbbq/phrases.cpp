// SPDX-License-Identifier: Apache-2.0
#include "eval/mbbq/phrases.h"

#include <algorithm>
#include <array>
#include <span>

#include "xlt/base/json.h"

namespace xlt {

namespace {

constexpr std::string_view kSlot = "{}";
constexpr size_t kSlots = 5;

size_t count_slots(std::string_view prompt) {
  size_t count = 0;
  for (size_t at = prompt.find(kSlot); at != std::string_view::npos;
       at = prompt.find(kSlot, at + kSlot.size()))
    ++count;
  return count;
}

MbbqPhrases parse_phrases(const Json& json, const std::string& where) {
  const JsonView view(json, where, ErrorKind::kConfig);
  constexpr std::array<std::string_view, 4> kKeys = {"prompts", "before", "after", "unknown"};
  for (const std::string& key : view.keys())
    if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end())
      view.at(key).fail("unknown key; expected prompts, before, after and unknown");
  MbbqPhrases phrases{view.at("prompts").as_strings(), view.at("before").as_strings(),
                      view.at("after").as_strings(), view.at("unknown").as_strings()};
  if (phrases.prompts.size() != kMbbqPrompts)
    view.at("prompts").fail(str_cat("has ", phrases.prompts.size(), " prompts; expected ", kMbbqPrompts));
  for (size_t i = 0; i < phrases.prompts.size(); ++i)
    if (count_slots(phrases.prompts[i]) != kSlots)
      view.at("prompts").at(i).fail("expected five {}: context, question and three options");
  for (const auto& [name, list] :
       {std::pair("before", &phrases.before), {"after", &phrases.after}, {"unknown", &phrases.unknown}})
    for (size_t i = 0; i < list->size(); ++i)
      if ((*list)[i].empty()) view.at(name).at(i).fail("is empty; it would be found in every answer");
  return phrases;
}

}  // namespace

MbbqPhrases read_mbbq_phrases(const std::string& language, const std::filesystem::path& folder) {
  if (!folder.empty()) {
    const std::filesystem::path file = folder / (language + ".json");
    return parse_phrases(load_json(file, ErrorKind::kConfig, /*allow_comments=*/true), file.string());
  }
  for (const BuiltInPhrases& built_in : std::span(kBuiltInMbbqPhrases, kNumBuiltInMbbqPhrases))
    if (language == built_in.language) {
      const std::string where = str_cat("configs/mbbq/", language, ".json, as built in");
      return parse_phrases(parse_json(built_in.json, where, ErrorKind::kConfig, /*allow_comments=*/true),
                           where);
    }
  throw Error(ErrorKind::kUsage, str_cat("no MBBQ phrases of \"", language,
                                         "\" are built in; give a folder that has them (--mbbq-phrases)"));
}

MbbqPhrases with_english(MbbqPhrases own, const MbbqPhrases& english) {
  const auto put_before = [](std::vector<std::string>& list, const std::vector<std::string>& first) {
    list.insert(list.begin(), first.begin(), first.end());
  };
  put_before(own.before, english.before);
  put_before(own.after, english.after);
  put_before(own.unknown, english.unknown);
  return own;
}

std::string fill_slots(std::string_view prompt, const std::vector<std::string>& values) {
  std::string filled;
  for (const std::string& value : values) {
    const size_t at = prompt.find(kSlot);
    XLT_CHECK(at != std::string_view::npos, "fewer slots than ", values.size());
    filled += prompt.substr(0, at);
    filled += value;
    prompt.remove_prefix(at + kSlot.size());
  }
  return filled.append(prompt);
}

}  // namespace xlt
