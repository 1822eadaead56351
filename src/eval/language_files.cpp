// SPDX-License-Identifier: Apache-2.0
#include "eval/language_files.h"

#include <algorithm>

#include "xlt/base/error.h"
#include "xlt/base/language.h"

namespace xlt {

namespace {

struct LanguageFile {
  std::string tag;
  std::filesystem::path path;
};

// By name, so that the order is the same everywhere.
std::vector<LanguageFile> files_in(const std::filesystem::path& folder, const std::string& extension,
                                   const std::string& prefix) {
  std::vector<LanguageFile> files;
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(folder, code)) {
    const std::string stem = entry.path().stem().string();
    if (entry.path().extension() != extension || !stem.starts_with(prefix)) continue;
    try {
      files.push_back({parse_language(stem.substr(prefix.size())), entry.path()});
    } catch (const Error&) {
      // Not a language's file.
    }
  }
  std::sort(files.begin(), files.end(),
            [](const LanguageFile& a, const LanguageFile& b) { return a.path < b.path; });
  return files;
}

}  // namespace

std::vector<std::string> languages_in(const std::filesystem::path& folder, const std::string& extension,
                                      const std::string& prefix) {
  std::vector<std::string> tags;
  for (const LanguageFile& file : files_in(folder, extension, prefix)) tags.push_back(file.tag);
  std::sort(tags.begin(), tags.end());
  return tags;
}

std::filesystem::path language_file(const std::filesystem::path& folder, const std::string& language,
                                    const std::string& extension, const std::string& prefix) {
  const auto plain = folder / (prefix + language + extension);
  if (std::filesystem::exists(plain)) return plain;
  const LanguageFile* same = nullptr;
  const auto files = files_in(folder, extension, prefix);
  for (const LanguageFile& file : files) {
    if (file.tag == language) return file.path;
    if (!same && full_language(file.tag) == full_language(language)) same = &file;
  }
  return same ? same->path : plain;
}

std::vector<std::string> united(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  std::sort(a.begin(), a.end());
  a.erase(std::unique(a.begin(), a.end()), a.end());
  return a;
}

}  // namespace xlt
