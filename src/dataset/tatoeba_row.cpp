// SPDX-License-Identifier: Apache-2.0
#include "xlt/dataset/tatoeba_row.h"

#include <algorithm>
#include <cctype>
#include <vector>

namespace xlt {

namespace {

bool is_number(const std::string& cell) {
  return !cell.empty() &&
         std::all_of(cell.begin(), cell.end(), [](unsigned char c) { return std::isdigit(c); });
}

// Tatoeba's codes are ISO 639-3, or "\N" for none; a sentence of three small letters alone is not to be
// expected.
bool is_code(const std::string& cell) {
  return cell == "\\N" ||
         ((cell.size() == 3 || cell.size() == 4) &&
          std::all_of(cell.begin(), cell.end(), [](unsigned char c) { return std::islower(c); }));
}

// `text` and `english` are numbers of cells.
TranslatedText sentence(const std::vector<std::string>& cells, size_t text,
                        std::optional<size_t> english = {}) {
  if (english && !cells[*english].empty()) return {cells[text], cells[*english]};
  return {cells[text], std::nullopt};
}

}  // namespace

std::optional<TranslatedText> translated_text(const Row& row) {
  std::vector<std::string> cells;
  while (const auto cell = row.text_if_present(std::to_string(cells.size()))) cells.push_back(*cell);
  // Excel and some editors leave empty cells behind the last one.
  while (cells.size() > 1 && cells.back().empty()) cells.pop_back();
  const size_t count = cells.size();
  if (count == 1 && !is_number(cells[0])) return sentence(cells, 0);
  if (count == 2) return is_number(cells[0]) ? sentence(cells, 1) : sentence(cells, 0, 1);
  if (count == 3 && is_number(cells[0]) && is_code(cells[1])) return sentence(cells, 2);
  if (count == 3 && cells[2].starts_with("CC-BY")) return sentence(cells, 1, 0);
  if (count == 3 && is_number(cells[0]) && is_number(cells[2]))
    return sentence(cells, 1);  // a published row cut short
  if (count == 4 && is_number(cells[0]) && is_number(cells[2])) return sentence(cells, 1, 3);
  if (count == 6 && is_number(cells[0]) && is_code(cells[1])) return sentence(cells, 2);
  return std::nullopt;
}

std::optional<std::string> tatoeba_text(const Row& row) {
  const auto found = translated_text(row);
  return found ? std::optional(found->text) : std::nullopt;
}

}  // namespace xlt
