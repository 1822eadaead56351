// SPDX-License-Identifier: Apache-2.0
#include "eval/language_files.h"

#include <algorithm>

#include "xlt/base/error.h"
#include "xlt/base/language.h"

namespace xlt {

std::vector<std::string> languages_in(const std::filesystem::path& folder, const std::string& extension,
                                      const std::string& prefix) {
  std::vector<std::string> tags;
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(folder, code)) {
    const std::string stem = entry.path().stem().string();
    if (entry.path().extension() != extension || !stem.starts_with(prefix)) continue;
    try {
      tags.push_back(parse_language(stem.substr(prefix.size())));
    } catch (const Error&) {
      // Not a language's file.
    }
  }
  std::sort(tags.begin(), tags.end());
  return tags;
}

std::vector<std::string> united(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  std::sort(a.begin(), a.end());
  a.erase(std::unique(a.begin(), a.end()), a.end());
  return a;
}

}  // namespace xlt
