// SPDX-License-Identifier: Apache-2.0
#include "eval/language_files.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "xlt/base/error.h"
#include "xlt/base/language.h"

namespace xlt {

namespace {

constexpr std::string_view kLang = "{lang}";

// The language that a file's name spells, or empty.
std::string language_of(const std::string& code) {
  try {
    return parse_language(code);
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

LanguageFiles::LanguageFiles(const std::filesystem::path& data, const std::string& pattern,
                             std::vector<PublishedName> published)
    : data_(data), published_(std::move(published)) {
  const size_t at = pattern.find(kLang);
  XLT_CHECK(at != std::string::npos, "no {lang} in ", pattern);
  before_ = pattern.substr(0, at);
  after_ = pattern.substr(at + kLang.size());
  // The part of a path that holds {lang} is looked for in its folder; what follows it must be there.
  const size_t slash = before_.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : before_.substr(0, slash),
                    prefix = slash == std::string::npos ? before_ : before_.substr(slash + 1);
  const size_t below = after_.find('/');
  const std::string suffix = after_.substr(0, below),
                    rest = below == std::string::npos ? "" : after_.substr(below + 1);
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(data / folder, code)) {
    const std::string name = entry.path().filename().string();
    if (name.size() <= prefix.size() + suffix.size() || !name.starts_with(prefix) || !name.ends_with(suffix))
      continue;
    const auto path = rest.empty() ? entry.path() : entry.path() / rest;
    if (std::filesystem::is_regular_file(path))
      add(name.substr(prefix.size(), name.size() - prefix.size() - suffix.size()), path);
  }
  std::sort(found_.begin(), found_.end(), [](const Found& a, const Found& b) {
    return std::tuple(a.language, !a.is_published, a.path) < std::tuple(b.language, !b.is_published, b.path);
  });
}

void LanguageFiles::add(const std::string& code, const std::filesystem::path& path) {
  const std::string spelled = language_of(code);
  if (spelled.empty()) return;
  const auto known = std::find_if(published_.begin(), published_.end(), [&](const PublishedName& name) {
    return parse_language(name.code) == spelled;
  });
  const bool is_published = known != published_.end();
  found_.push_back({is_published ? known->language : spelled, spelled, is_published, path});
}

std::vector<std::string> LanguageFiles::languages() const {
  std::vector<std::string> tags;
  for (const Found& found : found_) tags.push_back(found.language);
  return united(std::move(tags), {});
}

const LanguageFiles::Found* LanguageFiles::find(const std::string& language) const {
  const auto first = [&](const auto& fits) -> const Found* {
    const auto found = std::find_if(found_.begin(), found_.end(), fits);
    return found == found_.end() ? nullptr : &*found;
  };
  if (const Found* listed = first([&](const Found& x) { return x.language == language; })) return listed;
  if (const Found* spelled = first([&](const Found& x) { return x.spelled == language; })) return spelled;
  const std::string full = full_language(language);
  return first([&](const Found& x) { return full_language(x.spelled) == full; });
}

std::filesystem::path LanguageFiles::file(const std::string& language) const {
  if (const Found* found = find(language)) return found->path;
  for (const PublishedName& name : published_)
    if (language == name.language) return data_ / (before_ + name.code + after_);
  return data_ / (before_ + language + after_);
}

std::vector<std::string> united(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  std::sort(a.begin(), a.end());
  a.erase(std::unique(a.begin(), a.end()), a.end());
  return a;
}

}  // namespace xlt
