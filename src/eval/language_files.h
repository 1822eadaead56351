// SPDX-License-Identifier: Apache-2.0
// Where a benchmark's languages lie.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace xlt {

// Language tags of the files DIR/{prefix}{lang}{extension}, sorted; other names are passed over.
std::vector<std::string> languages_in(const std::filesystem::path& folder, const std::string& extension,
                                      const std::string& prefix = "");
// The file of that kind that is `language`'s, however it writes the tag: pt_BR, pt-br, zh_Hans and zh for
// zh-Hans, no for nb. One that says just that tag comes first. Where none is there:
// DIR/{prefix}{language}{extension}.
std::filesystem::path language_file(const std::filesystem::path& folder, const std::string& language,
                                    const std::string& extension, const std::string& prefix = "");
// The union, sorted.
std::vector<std::string> united(std::vector<std::string> a, const std::vector<std::string>& b);

}  // namespace xlt
