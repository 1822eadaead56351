// SPDX-License-Identifier: Apache-2.0
// A described benchmark tried on its data, without a model: for `xlt validate`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "xlt/base/json_fwd.h"

namespace xlt {

// Whether JSON is meant as a description, be it a faulty one: it has one of the keys that only those have.
bool looks_like_description(const Json& json);
// The languages that have a file in the data folder, as BCP-47 tags. `description` is a file; throws what
// read_description throws.
std::vector<std::string> described_languages(const std::filesystem::path& description,
                                             const std::filesystem::path& data);
// Reads a language's file as an evaluation would; returns how many items it has. Throws kIo and kData, naming
// file, line and column.
int64_t check_described_file(const std::filesystem::path& description, const std::filesystem::path& data,
                             const std::string& language);

}  // namespace xlt
