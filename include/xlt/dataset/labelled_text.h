// SPDX-License-Identifier: Apache-2.0
// Texts that people have judged: rows {"text", "label"[, "language", "id"]}, to train and to test scorers.
//
//   for (const LabelledText& row : read_labelled_texts({"en.jsonl", "de.csv"}, "und")) …
//
#pragma once

#include <string>
#include <vector>

namespace xlt {

struct LabelledText {
  std::string text, language;  // language: BCP-47
  double label;                // 0 … 1; at least 0.5: positive
  std::string place;           // "file:line"
  std::string id = {};         // rows of one id are translations of each other; empty: the row names none
  bool is_positive() const { return label >= 0.5; }
};

// All rows of the files, in order. A label is a number from 0 to 1, true or false; of .csv and .tsv, their
// text. `language` is that of rows that name none. Throws kData naming file and line of what is none of
// these, and a file that is given twice; kUsage for no files.
std::vector<LabelledText> read_labelled_texts(const std::vector<std::string>& files,
                                              const std::string& language);

}  // namespace xlt
