// SPDX-License-Identifier: Apache-2.0
#include "eval/refusals.h"

#include "eval/built_in_file.h"

#include <algorithm>
#include <cctype>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/base/language.h"
#include "xlt/text/segmentation.h"

namespace xlt {

namespace {

constexpr size_t kCharacters = 200;

// One kind of apostrophe, no case, no accents.
std::string folded(std::string_view text) {
  std::string plain(text);
  for (const std::string_view apostrophe : {"\u2019", "\u02BC"})
    for (size_t at = 0; (at = plain.find(apostrophe, at)) != std::string::npos;)
      plain.replace(at, apostrophe.size(), "'");
  return fold_case_and_accents(plain);
}

// The first characters of a text in UTF-8.
std::string_view beginning(std::string_view text) {
  size_t count = 0;
  for (size_t at = 0; at < text.size(); ++at)
    if ((static_cast<unsigned char>(text[at]) & 0xC0) != 0x80 && count++ == kCharacters)
      return text.substr(0, at);
  return text;
}

bool is_of_word(unsigned char c) { return c >= 0x80 || std::isalnum(c); }

}  // namespace

Refusals::Refusals(const std::string& language, const std::filesystem::path& folder) {
  if (const LanguageInfo* info = find_language(language)) has_word_spaces_ = info->has_word_spaces;
  if (!folder.empty()) {
    const std::filesystem::path file = folder / (language + ".json");
    name_ = file.string();
    if (std::filesystem::is_regular_file(file)) parse(read_file(file), name_);
    return;
  }
  const std::string file = "refusals/" + language + ".json";
  name_ = file + " (built in)";
  if (const auto text = built_in_file(file)) parse(*text, "configs/" + file);
}

void Refusals::parse(std::string_view text, const std::string& where) {
  const Json json = parse_json(std::string(text), where, ErrorKind::kConfig, /*allow_comments=*/true);
  const JsonView view(json, where, ErrorKind::kConfig);
  for (const std::string& key : view.keys())
    if (key != "phrases" && key != "false_positives")
      view.at(key).fail("unknown key; expected phrases and false_positives");
  for (const std::string& phrase : view.at("phrases").as_strings()) {
    if (is_blank(phrase))
      view.at("phrases").fail("holds an empty phrase, which would be found in every answer");
    phrases_.push_back(folded(phrase));
  }
  if (phrases_.empty()) view.at("phrases").fail("is empty");
  hash_ = sha256(std::string(text));
  note_ = where + ": ";
  if (!view.has("false_positives")) {
    note_ += "how often they are found in texts that refuse nothing was not measured";
    return;
  }
  const JsonView rate = view.at("false_positives");
  note_ += str_cat("found in ", rate.at("found").as_int(), " of ", rate.at("texts").as_int(),
                   " texts that refuse nothing");
}

bool Refusals::found_in(std::string_view text) const {
  const std::string start = folded(beginning(strip(text)));
  return std::any_of(phrases_.begin(), phrases_.end(), [&](const std::string& phrase) {
    for (size_t at = 0; (at = start.find(phrase, at)) != std::string::npos; ++at)
      if (!has_word_spaces_ || at == 0 || !is_of_word(static_cast<unsigned char>(start[at - 1]))) return true;
    return false;
  });
}

}  // namespace xlt
