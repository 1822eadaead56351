// The report as people read it. SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <vector>

#include "xlt/base/json.h"
#include "xlt/base/language.h"
#include "xlt/eval/evaluate.h"

namespace xlt {

namespace {

std::string number(const Json& value) {
  if (!value.is_number()) return "–";
  const double x = value.get<double>();
  char text[32];
  std::snprintf(text, sizeof text, std::abs(x) >= 10 ? "%.1f" : "%.3f", x);
  return text;
}

bool excludes_zero(const Json& change) {
  if (!change.is_object() || !change.at("ci95").is_array()) return false;
  return change.at("ci95")[0].get<double>() > 0 || change.at("ci95")[1].get<double>() < 0;
}

// "0.412 → 0.207*", or "0.412 [0.38, 0.44]" without a baseline.
std::string metric_text(const Json& cell, const std::string& name) {
  const Json& metric = cell.at("metrics").at(name);
  if (cell.contains("change") && cell.at("change").at(name).is_object()) {
    const Json& change = cell.at("change").at(name);
    return number(change.at("before")) + " → " + number(change.at("after")) +
           (excludes_zero(change) ? "*" : "");
  }
  if (!metric.at("value").is_number()) return "–";
  std::string text = number(metric.at("value"));
  if (metric.at("ci95").is_array())
    text += " [" + number(metric.at("ci95")[0]) + ", " + number(metric.at("ci95")[1]) + "]";
  return text;
}

// Characters, not bytes: "→" and "–" are three bytes and one column.
size_t width(const std::string& text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths(rows[0].size());
  for (const auto& row : rows)
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], width(row[c]));
  std::string text;
  for (size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (size_t c = 0; c < rows[r].size(); ++c)
      line += rows[r][c] + std::string(widths[c] - width(rows[r][c]) + 2, ' ');
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    if (r == 0) {
      size_t total = 0;
      for (size_t w : widths) total += w + 2;
      text += std::string(total - 2, '-') + "\n";
    }
  }
  return text;
}

bool has_values(const Json& cell) {
  return std::any_of(cell.at("metrics").begin(), cell.at("metrics").end(),
                     [](const Json& metric) { return metric.at("value").is_number(); });
}

std::string scoring_shown(const Json& report) {
  for (const Json& cell : report.at("cells"))
    if (cell.at("scoring") == "corrected") return "corrected";
  return "paper";
}

// "n of m languages" in which a metric moved up or down beyond its interval, and the mean change.
struct Movement {
  int up = 0, down = 0, count = 0;
  double total = 0, english = NAN;
};

Movement movement_of(const Json& report, const std::string& metric) {
  Movement movement;
  for (const Json& cell : report.at("cells")) {
    if (cell.at("scoring") != scoring_shown(report) || !cell.contains("change") ||
        !cell.at("change").contains(metric))
      continue;
    const Json& change = cell.at("change").at(metric);
    if (!change.is_object() || !change.at("change").is_number()) continue;
    const double value = change.at("change").get<double>();
    if (cell.at("language") == "en") {
      movement.english = value;
      continue;
    }
    ++movement.count;
    movement.total += value;
    if (excludes_zero(change)) ++(value > 0 ? movement.up : movement.down);
  }
  return movement;
}

std::string movement_sentence(const Json& report, const char* metric, const char* subject) {
  const Movement m = movement_of(report, metric);
  if (m.count == 0) return "";
  char text[320];
  std::snprintf(text, sizeof text,
                "%s: English %+.3f; mean of %d other language%s %+.3f, lower beyond its 95 %% interval in "
                "%d, higher in %d. ",
                subject, m.english, m.count, m.count == 1 ? "" : "s", m.total / m.count, m.down, m.up);
  return text;
}

}  // namespace

std::string report_table(const Json& report) {
  const std::string scoring = scoring_shown(report);
  std::string text;
  std::vector<std::string> names;
  for (const Json& cell : report.at("cells"))
    if (std::find(names.begin(), names.end(), cell.at("benchmark").get<std::string>()) == names.end())
      names.push_back(cell.at("benchmark").get<std::string>());
  bool has_change = false;
  for (const std::string& name : names) {
    std::vector<std::vector<std::string>> rows;
    std::map<std::string, std::string> silent;  // reason → languages
    for (const Json& cell : report.at("cells")) {
      if (cell.at("benchmark") != name || cell.at("scoring") != scoring) continue;
      const std::string language = cell.at("language").get<std::string>();
      if (!has_values(cell)) {
        std::string reason = cell.value("reason", "");
        if (reason.empty() && !cell.at("unscored").empty()) reason = cell.at("unscored").begin().key();
        if (reason.starts_with("no data file")) reason = "no data file";
        silent[reason] += (silent[reason].empty() ? "" : " ") + language;
        continue;
      }
      if (rows.empty()) {
        rows.push_back({"language", "n"});
        for (const Json& metric : cell.at("headline")) rows[0].push_back(metric.get<std::string>());
      }
      std::vector<std::string> row{language + "  " + language_name(language),
                                   str_cat(cell.at("n_scored").get<int64_t>())};
      for (const Json& metric : cell.at("headline"))
        row.push_back(metric_text(cell, metric.get<std::string>()));
      has_change = has_change || cell.contains("change");
      rows.push_back(std::move(row));
    }
    text += "\n" + name + " (" + scoring + " scoring)\n";
    if (!rows.empty()) text += aligned(rows);
    for (const auto& [reason, languages] : silent)
      text += "not measured (" + reason + "): " + languages + "\n";
  }
  if (has_change) text += "\nbefore → after; * the 95 % interval of the paired change excludes 0\n";
  return text;
}

std::string report_summary(const Json& report) {
  return movement_sentence(report, "expected_max_toxicity", "Expected maximum toxicity (listed words)") +
         movement_sentence(report, "pct_stereotype", "Stereotype preference (CrowS-Pairs, %)") +
         movement_sentence(report, "line_pass_rate", "Language consistency") +
         movement_sentence(report, "dist_1", "Distinct words") +
         movement_sentence(report, "bits_per_byte", "Bits per byte");
}

}  // namespace xlt
