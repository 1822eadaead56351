// SPDX-License-Identifier: Apache-2.0
// The report as people read it: one table a benchmark.
#include "eval/display_width.h"
#include "eval/report_text.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <span>
#include <vector>

#include "xlt/base/error.h"
#include "xlt/base/json.h"
#include "xlt/base/language.h"
#include "xlt/base/runs.h"
#include "xlt/eval/evaluate.h"

namespace xlt {

namespace {

using TextRow = std::vector<std::string>;

bool excludes_zero(const Json& change) {
  const Json& interval = change.at("ci95");
  return interval.is_array() && (interval[0].get<double>() > 0 || interval[1].get<double>() < 0);
}

constexpr const char* kOwnCount = " n=";

// " n=12" where the figure is of another number of items than its row says.
std::string own_count_text(const Json& cell, const Json& figure) {
  const Json& of_row = cell.at("n_scored");
  const Json own = figure.value("n", of_row);
  return own == of_row ? "" : kOwnCount + dump_json(own);
}

// "0.412 → 0.207 (-0.260, -0.150)*": the interval is of the change; without a baseline "0.412 [0.380,
// 0.440]".
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

std::string aligned(const std::vector<TextRow>& rows) {
  std::vector<size_t> widths(rows[0].size());
  for (const TextRow& row : rows)
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], display_width(row[c]));
  size_t total = 0;
  for (size_t width : widths) total += width + 2;
  std::string text;
  for (size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (size_t c = 0; c < rows[r].size(); ++c) line += padded(rows[r][c], widths[c] + 2);
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    if (r == 0) text += std::string(total - 2, '-') + "\n";
  }
  return text;
}

bool has_values(const Json& cell) {
  return std::any_of(cell.at("headline").begin(), cell.at("headline").end(), [&](const Json& name) {
    return cell.at("metrics").at(name.get<std::string>()).at("value").is_number();
  });
}

// Why a whole cell has no number.
std::string reason_text(const Json& cell) {
  std::string reason = cell.value("reason", "");
  if (reason.starts_with("no data file")) return "no data file";
  if (reason.starts_with("no word list for")) return "no word list";
  if (!reason.empty()) return reason;
  std::string first = cell.at("unscored").empty() ? "no items" : cell.at("unscored").begin().key();
  return first.starts_with("no word list for") ? "no word list" : first;
}

// A table's cells: one benchmark under one scorer (empty: nobody judges).
struct Subject {
  std::string benchmark, scorer;
  bool operator==(const Subject&) const = default;
};
Subject subject_of(const Json& cell) {
  return {cell.at("benchmark").get<std::string>(), cell.value("scorer", "")};
}

std::vector<Subject> subjects_of(const Json& report) {
  std::vector<Subject> subjects;
  for (const Json& cell : report.at("cells"))
    if (std::find(subjects.begin(), subjects.end(), subject_of(cell)) == subjects.end())
      subjects.push_back(subject_of(cell));
  return subjects;
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
    std::string& list = languages[reason];
    list += (list.empty() ? "" : " ") + cell.at("language").get<std::string>();
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
        known->second += ", " + dashes.column;
    }
  std::string text;
  for (const auto& [why, names] : notes)
    text += "– in " + names + ": " + why.first + " (" + why.second + ")\n";
  return text;
}

// The cells, a row a language, in as many tables below each other as their metrics need.
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
    text += (text.empty() ? "" : "\n") + aligned(rows) + dashes_text(dashes_of(cells, metrics, has_card));
  }
  return text;
}

// The cell of the same benchmark, language and scoring under the first of several scorers; null: it has none,
// or this is it.
const Json* under_first_scorer(const Json& report, const Json& cell) {
  const Json* first = nullptr;
  for (const Json& other : report.at("cells")) {
    if (other.at("benchmark") != cell.at("benchmark") || other.at("scoring") != cell.at("scoring")) continue;
    if (first == nullptr) first = &other;
    if (subject_of(*first) == subject_of(cell)) return nullptr;
    if (subject_of(other) == subject_of(*first) && other.at("language") == cell.at("language")) return &other;
  }
  return nullptr;
}

bool is_shown_alike(const Json& first, const Json& cell, const std::string& name) {
  return first.at("metrics").contains(name) && metric_text(first, name) == metric_text(cell, name);
}

// The cells without those columns that the first scorer's table shows alike: mostly what nobody judges.
std::string cells_text_once(const Json& report, const std::vector<const Json*>& cells) {
  std::vector<std::string> columns;
  std::string known;
  for (const Json& headline : cells[0]->at("headline")) {
    const auto name = headline.get<std::string>();
    const bool is_known = std::all_of(cells.begin(), cells.end(), [&](const Json* cell) {
      const Json* first = under_first_scorer(report, *cell);
      return first != nullptr && is_shown_alike(*first, *cell, name);
    });
    if (is_known)
      known += (known.empty() ? "" : ", ") + name;
    else
      columns.push_back(name);
  }
  const std::string text = cells_text(cells, columns);
  if (known.empty()) return text;
  const std::string scorer = subject_of(*under_first_scorer(report, *cells[0])).scorer;
  return text + str_cat("as under ", scorer, ": ", known, "\n");
}

std::string benchmark_table(const Json& report, const Subject& subject, const std::string& scoring) {
  std::vector<const Json*> measured;
  std::map<std::string, std::string> silent;  // reason → languages
  for (const Json& cell : report.at("cells")) {
    if (!(subject_of(cell) == subject) || cell.at("scoring") != scoring) continue;
    if (has_values(cell)) {
      measured.push_back(&cell);
      continue;
    }
    std::string& languages = silent[reason_text(cell)];
    languages += (languages.empty() ? "" : " ") + cell.at("language").get<std::string>();
  }
  std::string text = str_cat("\n", subject.benchmark, " (", scoring, " scoring",
                             subject.scorer.empty() ? "" : "; scored by " + subject.scorer, ")\n");
  if (!measured.empty()) text += cells_text_once(report, measured);
  for (const auto& [reason, languages] : silent) text += "not measured (" + reason + "): " + languages + "\n";
  return text;
}

// What the published code rounds away of a figure: half of the second decimal of a per cent.
double published_rounding(const Json& metric) {
  const Json formula = metric.value("formula", Json::object());
  return 0.5001e-4 * formula.value("scale", 1.0);
}

// The largest difference that the scoring mode makes in the first headline metric, where both were run; a
// rounding is none.
std::string scoring_difference(const Json& report, const Subject& subject) {
  std::map<std::string, double> paper;
  double largest = 0;
  std::string where, metric;
  for (const Json& cell : report.at("cells")) {
    if (!(subject_of(cell) == subject) || cell.at("headline").empty()) continue;
    metric = cell.at("headline")[0].get<std::string>();
    const Json& figure = cell.at("metrics").at(metric);
    const Json& value = figure.at("value");
    const auto language = cell.at("language").get<std::string>();
    if (!value.is_number()) continue;
    if (cell.at("scoring") == "paper") {
      paper[language] = value.get<double>();
    } else if (const auto found = paper.find(language); found != paper.end()) {
      const double difference = found->second - value.get<double>();
      if (std::abs(difference) <= std::max(std::abs(largest), published_rounding(figure))) continue;
      largest = difference;
      where = language;
    }
  }
  if (where.empty()) return "";
  return str_cat("paper scoring differs most in ", where, ": ", metric, " ", signed_text(largest), "\n");
}

// Which items --limit kept; empty: all.
std::string limit_text(const Json& report) {
  const Json config = report.value("config", Json::object());
  const auto limit = config.value("limit", int64_t{0});
  if (limit == 0) return "";
  return str_cat("[at most ", limit, " items a file, ",
                 config.value("limit_order", "head") == "random"
                     ? "drawn at random, the same in every language"
                     : "its first",
                 "]\n");
}

}  // namespace

std::string report_table(const Json& report) {
  std::string text;
  for (const Subject& subject : subjects_of(report)) {
    text += benchmark_table(report, subject, scoring_shown(report));
    text += scoring_difference(report, subject);
  }
  if (report.contains("transfer"))
    text +=
        "\nbefore → after (95 % interval of the paired change, over items); * it excludes 0, "
        "language by language, without a correction for their number\n";
  else
    text += "\n[95 % interval over items]\n";
  if (text.find(kOwnCount) != std::string::npos)
    text += "[n: items of which something was scored; n= beside a figure: those that it is of]\n";
  return text + limit_text(report);
}

}  // namespace xlt
