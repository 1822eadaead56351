// SPDX-License-Identifier: Apache-2.0
#include "eval/built_in_file.h"

#include <algorithm>
#include <span>

namespace xlt {

namespace {

std::span<const BuiltInFile> all() { return {kBuiltInFiles, kNumBuiltInFiles}; }

}  // namespace

std::optional<std::string_view> built_in_file(std::string_view name) {
  for (const BuiltInFile& file : all())
    if (name == file.name) return file.text;
  return std::nullopt;
}

std::vector<std::string> built_in_names(std::string_view folder) {
  std::vector<std::string> names;
  for (const BuiltInFile& file : all()) {
    const std::string_view name = file.name;
    if (name.size() <= folder.size() || !name.starts_with(folder) || name[folder.size()] != '/') continue;
    const std::string_view rest = name.substr(folder.size() + 1);
    names.emplace_back(rest.substr(0, rest.find('.')));
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace xlt
