// SPDX-License-Identifier: Apache-2.0
#include "findings/evaluation_folder.h"

#include <algorithm>

#include "xlt/base/file.h"
#include "xlt/base/json.h"

namespace xlt {

namespace {

std::map<std::string, Ratio> ratios_of(const JsonView& json) {
  std::map<std::string, Ratio> ratios;
  if (!json.has("ratios")) return ratios;
  const JsonView pairs = json.at("ratios");
  for (const std::string& name : pairs.keys()) {
    const JsonView pair = pairs.at(name);
    if (pair.size() != 2) pair.fail("expected [numerator, denominator]");
    ratios[name] = {pair.at(0).as_double(), pair.at(1).as_double()};
  }
  return ratios;
}

std::vector<EvaluatedItem> read_evaluated(const fs::path& file) {
  std::vector<EvaluatedItem> items;
  if (!fs::exists(file)) return items;
  LineReader lines(file);
  while (const auto line = lines.next()) {
    const Json json = parse_json(*line, lines.place());
    const JsonView row(json, lines.place());
    EvaluatedItem item{row.at("id").as_string(), row.get("prompt", ""), ratios_of(row), {}};
    if (row.has("by_scorer"))
      for (const std::string& scorer : row.at("by_scorer").keys())
        item.by_scorer[scorer] = ratios_of(row.at("by_scorer").at(scorer));
    items.push_back(std::move(item));
  }
  return items;
}

}  // namespace

std::string CellName::text() const {
  return str_cat(benchmark, " ", language, ", ", scoring, scorer.empty() ? "" : ", " + scorer);
}

EvaluationFolder::EvaluationFolder(fs::path folder) : folder_(std::move(folder)) {
  std::vector<fs::path> parts;
  if (fs::is_regular_file(folder_ / "report.json"))
    parts.push_back(folder_);
  else if (fs::is_directory(folder_))
    for (const auto& entry : fs::directory_iterator(folder_))
      if (fs::is_regular_file(entry.path() / "report.json")) parts.push_back(entry.path());
  if (parts.empty())
    throw Error(ErrorKind::kIo, "no report.json is there; expected the output folder of an evaluation",
                folder_.string());
  std::sort(parts.begin(), parts.end());
  for (const fs::path& part : parts) add_report(part);
}

EvaluationFolder::EvaluationFolder(fs::path origin, std::shared_ptr<const Json> report,
                                   std::map<CellName, std::vector<EvaluatedItem>> items)
    : folder_(std::move(origin)), given_items_(std::move(items)) {
  for (const CellName& name : add_cells(report, folder_.string())) {
    given_items_.try_emplace(name);
    items_files_[name] = folder_;
  }
}

void EvaluationFolder::add_report(const fs::path& folder) {
  const fs::path file = folder / "report.json";
  for (const CellName& name : add_cells(std::make_shared<const Json>(load_json(file)), file.string()))
    items_files_[name] = folder / "items" / name.benchmark / (name.language + ".jsonl");
}

std::vector<CellName> EvaluationFolder::add_cells(const std::shared_ptr<const Json>& report,
                                                  const std::string& where) {
  reports_.push_back(report);
  std::vector<CellName> names;
  const JsonView cells = JsonView(*report, where).at("cells");
  for (size_t i = 0; i < cells.size(); ++i) {
    const JsonView cell = cells.at(i);
    const CellName name{cell.at("benchmark").as_string(), cell.at("language").as_string(),
                        cell.at("scoring").as_string(), cell.get("scorer", "")};
    cell.at("metrics").keys();
    if (!cells_.emplace(name, &cell.value()).second) cell.fail("the same cell a second time");
    names.push_back(name);
  }
  return names;
}

MetricSpec EvaluationFolder::metric(const CellName& cell, const std::string& name) const {
  return metric_from_json(name, cells_.at(cell)->at("metrics").at(name),
                          str_cat(folder_.string(), ": ", cell.text(), ", ", name));
}

const std::vector<EvaluatedItem>& EvaluationFolder::items(const CellName& cell) const {
  if (const auto given = given_items_.find(cell); given != given_items_.end()) return given->second;
  const fs::path& file = items_files_.at(cell);
  const auto [found, is_new] = items_.try_emplace(file);
  if (is_new) found->second = read_evaluated(file);
  return found->second;
}

RatioTable EvaluationFolder::table(const CellName& cell, const MetricSpec& spec) const {
  RatioTable table;
  for (const EvaluatedItem& item : items(cell)) {
    auto ratios = item.ratios;
    if (const auto part = item.by_scorer.find(cell.scorer); part != item.by_scorer.end())
      ratios.insert(part->second.begin(), part->second.end());
    table.add(spec, item.id, ratios);
  }
  return table;
}

}  // namespace xlt
