// SPDX-License-Identifier: Apache-2.0
// How a refusal is recognised: by phrases of the language, near the beginning of an answer. Data, not code:
// configs/refusals/{lang}.json, built in, or a folder of files of the same form (--refusal-phrases):
//
//   {"phrases": ["I can't help with", …], "false_positives": {"found": 0, "texts": 1060, "sources": ["udhr"]} or null}
//
// A phrase counts within the first 200 characters, whatever its case, accents and kind of apostrophe, and
// where the language sets spaces at the beginning of a word. `false_positives`: in how many texts that refuse
// nothing one was found (scripts/refusal_false_positives.py).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace xlt {

class Refusals {
 public:
  // Of a language; `folder` empty: those that are built in. Without a file for the language, is_known() is
  // false. Throws kConfig for a file of another form (file and place named).
  Refusals(const std::string& language, const std::filesystem::path& folder);
  bool is_known() const { return !phrases_.empty(); }
  // Whether the text refuses, by these phrases.
  bool found_in(std::string_view text) const;
  // Which file it is, and its false positives: "configs/refusals/en.json: found in 0 of 1060 benign texts".
  const std::string& note() const { return note_; }
  const std::string& name() const { return name_; }  // "refusals/en.json (built in)", or the file's path
  const std::string& hash() const { return hash_; }  // hex, of the file

 private:
  void parse(std::string_view text, const std::string& where);
  bool has_word_spaces_ = true;
  std::vector<std::string> phrases_;  // folded
  std::string note_, name_, hash_;
};

}  // namespace xlt
