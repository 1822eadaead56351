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

}  // namespace

std::optional<std::string> tatoeba_text(const Row& row) {
  std::vector<std::string> cells;
  while (const auto cell = row.text_if_present(std::to_string(cells.size()))) cells.push_back(*cell);
  // Excel and some editors leave empty cells behind the last one.
  while (cells.size() > 1 && cells.back().empty()) cells.pop_back();
  const size_t count = cells.size();
  if (count == 1) return is_number(cells[0]) ? std::nullopt : std::optional(cells[0]);
  if (count == 2) return is_number(cells[0]) ? cells[1] : cells[0];
  if (count == 3 && is_number(cells[0]) && is_code(cells[1])) return cells[2];
  if (count == 3 && cells[2].starts_with("CC-BY")) return cells[1];
  if (count == 3 && is_number(cells[0]) && is_number(cells[2])) return cells[1];  // a published row cut short
  if (count == 4 && is_number(cells[0]) && is_number(cells[2])) return cells[1];
  if (count == 6 && is_number(cells[0]) && is_code(cells[1])) return cells[2];
  return std::nullopt;
}

}  // namespace xlt
