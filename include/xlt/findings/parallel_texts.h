// SPDX-License-Identifier: Apache-2.0
// Parallel text: the same sentences in several languages, paired by id.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace xlt {

// Of each language (BCP-47), text by id.
using ParallelTexts = std::map<std::string, std::map<std::string, std::string>>;

// `folder`/{lang}.jsonl (rows "id", "text"), {lang}.txt (one text a line, paired by line) or {lang}.tsv
// (Tatoeba's layouts, tatoeba_row.h: paired by the English that stands beside a text, which is a text of
// "en"; of several texts beside one, the first). Throws kIo where there is no such file, kData for a row
// without id or an id twice.
ParallelTexts read_parallel_texts(const std::filesystem::path& folder);

// (text in `source`, text in `language`) of the ids that both have, in the order of ids. Empty where either
// has none.
std::vector<std::pair<std::string, std::string>> paired_texts(const ParallelTexts& texts,
                                                              const std::string& source,
                                                              const std::string& language);

}  // namespace xlt
