// SPDX-License-Identifier: Apache-2.0
// An earlier evaluation, to compare with: its cells, their settings, their items. Two cells are compared only
// where every setting agrees; what differs is named, and lets itself be allowed by name.
#pragma once

#include "eval/report.h"

#include <filesystem>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace xlt {

class Baseline {
 public:
  // Throws kIo for a folder without report.json, kData for a report that is none.
  explicit Baseline(std::filesystem::path folder);

  // Holds every cell of `cells` against the one of the same name; of Cell, only what names it and its
  // settings is read. Throws kConfig naming each setting that differs, with both values, unless it is among
  // `allowed`; returns those that were: [{"setting", "baseline", "here", "n_cells"}]. Throws kUsage for an
  // allowed name that no cell has.
  Json check(const std::vector<Cell>& cells, const std::vector<std::string>& allowed) const;

  // Why a cell has nothing to be compared with; empty: items() can be asked.
  std::string why_not(const Cell& cell) const;
  // Items as the cell's scorer sees them.
  std::vector<ScoredItem> items(const Cell& cell) const;

 private:
  using Name = std::tuple<std::string, std::string, std::string, std::string>;
  static Name name_of_cell(const Cell& cell);
  std::filesystem::path folder_;
  std::map<Name, Json> settings_;  // null: the report has none
};

}  // namespace xlt
