// SPDX-License-Identifier: Apache-2.0
#include "eval/report_cells.h"

#include "eval/report_text.h"

#include <algorithm>
#include <map>

#include "xlt/base/display_width.h"
#include "xlt/base/error.h"
#include "xlt/base/join.h"
#include "xlt/base/json.h"
#include "xlt/base/language.h"
#include "xlt/base/runs.h"

namespace xlt {

namespace {

using TextRow = std::vector<std::string>;

bool excludes_zero(const Json& change) {
  const Json& interval = change.at("ci95");
  return interval.is_array() && (interval[0].get<double>() > 0 || interval[1].get<double>() < 0);
}

// " n=12" where the figure is of another number of items than its row says.
std::string own_count_text(const Json& cell, const Json& figure) {
  const Json& of_row = cell.at("n_scored");
  const Json own = figure.value("n", of_row);
  return own == of_row ? "" : kOwnCount + dump_json(own);
}

}  // namespace

std::string metric_text(const Json& cell, const std::string& name) {
  if (const auto changes = cell.find("change"); changes != cell.end() && changes->at(name).is_object()) {
    const Json& change = changes->at(name);
    return number_text(change.at("before")) + " → " + number_text(change.at("after")) +
           interval_text(change.at("ci95"), true) + (excludes_zero(change) ? "*" : "") +
           own_count_text(cell, change);
  }
  const Json& metric = cell.at("metrics").at(name);
  if (metric.at("value").is_null()) return number_text(Json());
  return number_text(metric.at("value")) + interval_text(metric.at("ci95"), false) +
         own_count_text(cell, metric);
}

namespace {

// With a rule below the first row.
std::string ruled(const std::vector<TextRow>& rows) {
  std::vector<std::string> lines = aligned_lines(rows);
  size_t width = 0;
  for (const std::string& line : lines) width = std::max(width, display_width(line));
  lines.insert(lines.begin() + 1, std::string(width, '-'));
  return join(lines, "\n") + "\n";
}

// Metrics side by side at most: more would not fit a terminal.
constexpr int64_t kColumns = 3;
constexpr const char* kCardColumn = "scorer's AUC (card)";

// "0.812 [0.774, 0.845]"; a dash where the card knows nothing of the language.
std::string card_text(const Json& cell) {
  const auto card = cell.find("card");
  if (card == cell.end() || card->at("auc").is_null()) return "–";
  return number_text(card->at("auc")) + interval_text(card->at("auc_ci95"), false);
}

using Names = std::span<const std::string>;

TextRow row_of(const Json& cell, Names metrics, bool has_card) {
  const auto language = cell.at("language").get<std::string>();
  TextRow row{language, language_name(language), str_cat(cell.at("n_scored").get<int64_t>())};
  for (const std::string& name : metrics) row.push_back(metric_text(cell, name));
  if (has_card) row.push_back(card_text(cell));
  return row;
}

// Why one metric has no number.
std::string dash_reason(const Json& cell, const std::string& name) {
  const std::string reason = cell.at("metrics").at(name).value("reason", "");
  if (!reason.empty()) return reason;
  return cell.contains("change") ? "no item was measured on both sides" : "the report does not say why";
}

// A column that shows dashes: why, and in which languages.
struct Dashes {
  std::string column;
  std::map<std::string, std::string> languages;  // of a reason
  void add(const std::string& reason, const Json& cell) {
    append_item(languages[reason], cell.at("language").get<std::string>(), " ");
  }
};

std::vector<Dashes> dashes_of(const std::vector<const Json*>& cells, Names metrics, bool has_card) {
  std::vector<Dashes> columns;
  for (const std::string& name : metrics) {
    Dashes& dashes = columns.emplace_back(Dashes{name, {}});
    for (const Json* cell : cells)
      if (metric_text(*cell, name).find("–") != std::string::npos)
        dashes.add(dash_reason(*cell, name), *cell);
  }
  if (!has_card) return columns;
  Dashes& dashes = columns.emplace_back(Dashes{kCardColumn, {}});
  for (const Json* cell : cells)
    if (cell->contains("card") && cell->at("card").contains("reason"))
      dashes.add(cell->at("card").at("reason").get<std::string>(), *cell);
  return columns;
}

// Below a table that shows dashes, what they stand for: "– in a, b: no scorer was given (fr zh)".
std::string dashes_text(const std::vector<Dashes>& columns) {
  using Why = std::pair<std::string, std::string>;  // reason and languages
  std::vector<std::pair<Why, std::string>> notes;   // → columns, in their order
  for (const Dashes& dashes : columns)
    for (const Why why : dashes.languages) {
      const auto known =
          std::find_if(notes.begin(), notes.end(), [&](const auto& note) { return note.first == why; });
      if (known == notes.end())
        notes.emplace_back(why, dashes.column);
      else
        append_item(known->second, dashes.column);
    }
  std::string text;
  for (const auto& [why, names] : notes)
    text += "– in " + names + ": " + why.first + " (" + why.second + ")\n";
  return text;
}

}  // namespace

std::string cells_text(const std::vector<const Json*>& cells, Names columns) {
  std::string text;
  const bool has_card =
      std::any_of(cells.begin(), cells.end(), [](const Json* cell) { return cell->contains("card"); });
  for (const Run& run : even_runs_of(static_cast<int64_t>(columns.size()), kColumns)) {
    const Names metrics = columns.subspan(run.first, run.count);
    std::vector<TextRow> rows{{"", "language", "n"}};
    rows[0].insert(rows[0].end(), metrics.begin(), metrics.end());
    if (has_card) rows[0].push_back(kCardColumn);
    for (const Json* cell : cells) rows.push_back(row_of(*cell, metrics, has_card));
    append_item(text, ruled(rows) + dashes_text(dashes_of(cells, metrics, has_card)), "\n");
  }
  return text;
}

}  // namespace xlt
