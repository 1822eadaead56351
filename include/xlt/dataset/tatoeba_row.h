// SPDX-License-Identifier: Apache-2.0
// Which cells of a row of Tatoeba's files hold the sentence and its English translation. The layouts, by
// number of columns:
//   1  text                                  2  text, English · id, text (a published row cut short)
//   3  id, language, text (sentences.csv)    3  English, text, licence (Anki files of manythings.org)
//   4  id, text, English id, English         6  id, language, text, user, added, changed
//   (sentences_detailed.csv)
#pragma once

#include <optional>
#include <string>

#include "xlt/dataset/reader.h"

namespace xlt {

struct TranslatedText {
  std::string text;
  std::optional<std::string> english;  // where the layout has one and the cell is not empty
};

// A row of read_tsv_without_header. Nothing for a row of another layout.
std::optional<TranslatedText> translated_text(const Row& row);
std::optional<std::string> tatoeba_text(const Row& row);  // its text

}  // namespace xlt
