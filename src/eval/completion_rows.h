// SPDX-License-Identifier: Apache-2.0
// Completions of any system, read from files: rows {"prompt", "completion", "language"[, "id", "sample"]}, in
// any order. `xlt generate` calls the completion "text".
#pragma once

#include "eval/judged_completions.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace xlt {

// Rows of one id (without one: of one prompt) are samples of one item, in the order of `sample`, else of the
// rows; with a null where its prompt or one of its completions should be, it is unscored. An item without an
// id is called by its prompt's hash, so that two systems' items of one prompt have one name. By language
// (BCP-47), items in the order of their ids; `language`: that of rows that name none, empty where each has
// to. Throws kData naming file and line: fields that are missing, a language that is none, a sample or a file
// given twice, two prompts of one id.
std::map<std::string, std::vector<SampledPrompt>> read_completion_rows(
    const std::vector<std::filesystem::path>& files, const std::string& language = {});

// The language of --langs where that names exactly one, else empty.
std::string only_language(const std::vector<std::string>& langs);

}  // namespace xlt
