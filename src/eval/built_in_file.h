// SPDX-License-Identifier: Apache-2.0
// Small data files that the program carries: data/over_suppression and configs/refusals.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xlt {

struct BuiltInFile {
  const char *name, *text;  // "refusals/en.json"
};
// Made by the build.
extern const BuiltInFile kBuiltInFiles[];
extern const size_t kNumBuiltInFiles;

// The text of "refusals/en.json"; nothing where there is no such file.
std::optional<std::string_view> built_in_file(std::string_view name);
// What the names of a folder's files spell, without their extension, sorted: "ar", "de" …
std::vector<std::string> built_in_names(std::string_view folder);

}  // namespace xlt
