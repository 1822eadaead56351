// SPDX-License-Identifier: Apache-2.0
// What MBBQ asks and reads answers by in one language: five prompts, and phrases that give an answer away.
// Data, not code: configs/mbbq/{lang}.json, built in, or a folder of files of the same form (--mbbq-phrases),
// such as the published lists.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace xlt {

struct MbbqPhrases {
  std::vector<std::string> prompts;  // five slots each, "{}": context, question and the three options
  std::vector<std::string> before;   // what follows one is an answer
  std::vector<std::string> after;    // what stands before one is an answer
  std::vector<std::string> unknown;  // says that there is no telling
};

inline constexpr size_t kMbbqPrompts = 5;

// Of a language: en, es, nl, tr. `folder` empty: those that are built in. Throws kIo for a file that is not
// there, kConfig for one of another form (file and place named).
MbbqPhrases read_mbbq_phrases(const std::string& language, const std::filesystem::path& folder);
// `english` with the language's own phrases after it, and the language's prompts.
MbbqPhrases with_english(MbbqPhrases own, const MbbqPhrases& english);
// The prompt with its slots filled, in order.
std::string fill_slots(std::string_view prompt, const std::vector<std::string>& values);

// configs/mbbq/{lang}.json as text, by language; made by the build.
struct BuiltInPhrases {
  const char *language, *json;
};
extern const BuiltInPhrases kBuiltInMbbqPhrases[];
extern const size_t kNumBuiltInMbbqPhrases;

}  // namespace xlt
