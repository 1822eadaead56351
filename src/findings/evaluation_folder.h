// SPDX-License-Identifier: Apache-2.0
// What `xlt eval` left in a folder: report.json and items. Nothing but the file format is known here.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "xlt/base/json_fwd.h"
#include "xlt/eval/ratio_table.h"

namespace xlt {

// Which cell of a report.
struct CellName {
  std::string benchmark, language, scoring, scorer;
  auto operator<=>(const CellName&) const = default;
  std::string text() const;  // "rtp_lx fr, corrected, word_list"
};

// A row of items: what was measured of it, by any scorer.
struct EvaluatedItem {
  std::string id, prompt;  // prompt: where the row has one
  std::map<std::string, Ratio> ratios;
  std::map<std::string, std::map<std::string, Ratio>> by_scorer;
};

// One output folder, or one that holds several (benchmarks that were evaluated with limits of their own),
// whose cells are taken together.
class EvaluationFolder {
 public:
  // Throws kIo where there is no report, kData where it is none or two have the same cell.
  explicit EvaluationFolder(std::filesystem::path folder);
  // What another program measured, in the form of a report; `origin` is what messages call it.
  EvaluationFolder(std::filesystem::path origin, std::shared_ptr<const Json> report,
                   std::map<CellName, std::vector<EvaluatedItem>> items);

  const std::filesystem::path& path() const { return folder_; }
  const std::vector<std::shared_ptr<const Json>>& reports() const { return reports_; }
  const std::map<CellName, const Json*>& cells() const { return cells_; }
  // The metric as its cell describes it. Throws kData where the report is of an older version.
  MetricSpec metric(const CellName& cell, const std::string& name) const;
  // The rows of items of a cell; empty where the file is missing. Read once until `forget_items`.
  const std::vector<EvaluatedItem>& items(const CellName& cell) const;
  // Where those rows are, as they were written.
  const std::filesystem::path& items_file(const CellName& cell) const { return items_files_.at(cell); }
  void forget_items() const { items_.clear(); }
  // The metric's ratios of the items that count.
  RatioTable table(const CellName& cell, const MetricSpec& spec) const;

 private:
  void add_report(const std::filesystem::path& folder);
  // Throws kData where it is no report or has a cell that is there already.
  std::vector<CellName> add_cells(const std::shared_ptr<const Json>& report, const std::string& where);

  std::filesystem::path folder_;
  std::vector<std::shared_ptr<const Json>> reports_;
  std::map<CellName, const Json*> cells_;
  std::map<CellName, std::filesystem::path> items_files_;
  mutable std::map<std::filesystem::path, std::vector<EvaluatedItem>> items_;
  std::map<CellName, std::vector<EvaluatedItem>> given_items_;  // of no file
};

}  // namespace xlt
