// SPDX-License-Identifier: Apache-2.0
// The report as people read it: one table a benchmark.
#include "eval/report_cells.h"
#include "eval/report_text.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "xlt/base/error.h"
#include "xlt/base/join.h"
#include "xlt/base/json.h"
#include "xlt/eval/evaluate.h"

namespace xlt {

namespace {

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
      append_item(known, name);
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
    append_item(silent[reason_text(cell)], cell.at("language").get<std::string>(), " ");
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
