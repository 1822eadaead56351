// SPDX-License-Identifier: Apache-2.0
// Texts of a data folder that nobody would call toxic, to find out how often a scorer says otherwise.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace xlt {

struct BenignTexts {
  std::vector<std::string> texts;
  std::string sources;  // "udhr, ud_pud"
};
// Of udhr/{lang}.jsonl (a declaration of rights), ud_pud/{lang}.jsonl (news, encyclopaedia) and
// flores/{lang}.txt (the same): those that are there. Throws as reading does.
BenignTexts read_benign_texts(const std::filesystem::path& data, const std::string& language);

}  // namespace xlt
