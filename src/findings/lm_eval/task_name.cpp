// SPDX-License-Identifier: Apache-2.0
#include "findings/lm_eval/task_name.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "xlt/base/error.h"
#include "xlt/base/language.h"

namespace xlt {

namespace {

bool is_all(const std::string& text, int (*is)(int)) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](unsigned char c) { return is(c) != 0; });
}

// "french" → "fr"
std::optional<std::string> language_called(std::string name) {
  if (name.size() < 4) return std::nullopt;
  name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
  for (const LanguageInfo& language : known_languages())
    if (name == language.name) return language.tag;
  return std::nullopt;
}

// A tag as tasks have it: two letters, alone or with a region or script ("pt_BR", "zh_Hant"), or three
// letters with a script ("deu_Latn"). Longer words would be taken for languages by chance ("arc_easy").
std::optional<std::string> language_tagged(const std::string& text) {
  const size_t dash = text.find('_');
  const std::string code = text.substr(0, dash),
                    rest = dash == std::string::npos ? "" : text.substr(dash + 1);
  if (!is_all(code, std::islower)) return std::nullopt;
  const bool is_region = rest.size() == 2 && is_all(rest, std::isupper);
  const bool is_script = rest.size() == 4 && std::isupper(static_cast<unsigned char>(rest[0])) &&
                         is_all(rest.substr(1), std::islower);
  const bool is_tag =
      (code.size() == 2 && (rest.empty() || is_region || is_script)) || (code.size() == 3 && is_script);
  if (!is_tag) return std::nullopt;
  try {
    return parse_language(text);
  } catch (const Error&) {
    return std::nullopt;  // a suffix that is none
  }
}

}  // namespace

TaskName split_task(const std::string& task) {
  const size_t last = task.rfind('_');
  if (last == std::string::npos || last == 0) return {task, "en"};
  const size_t before = task.rfind('_', last - 1);
  if (before != std::string::npos && before > 0)
    if (const auto language = language_tagged(task.substr(before + 1)))
      return {task.substr(0, before), *language};
  const std::string suffix = task.substr(last + 1);
  auto language = language_tagged(suffix);
  if (!language) language = language_called(suffix);
  return language ? TaskName{task.substr(0, last), *language} : TaskName{task, "en"};
}

std::string task_of(const std::string& benchmark, const std::string& language) {
  std::string task = benchmark + "_" + language;
  std::replace(task.begin(), task.end(), '-', '_');
  return task;
}

}  // namespace xlt
