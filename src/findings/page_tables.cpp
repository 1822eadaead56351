// SPDX-License-Identifier: Apache-2.0
#include "findings/page_tables.h"

#include "findings/comparison_columns.h"
#include "findings/page_rows.h"

#include <algorithm>

#include "xlt/base/join.h"

namespace xlt {

namespace {

// Rows of a training that a page holds: enough for a curve as wide as a screen.
constexpr size_t kMaxCurveRows = 400;

}  // namespace

Json PageTable::json() const { return Json{{"title", title}, {"columns", columns}, {"rows", rows}}; }

PageTable changes_table(const Json& comparison) {
  PageTable table{"changes", "Changes, after − before", {}};
  for (const std::string column : kComparisonColumns) {
    if (column == "ci95") {
      table.columns.push_back("ci95_low");
      table.columns.push_back("ci95_high");
    } else {
      table.columns.push_back(column);
    }
  }
  for (const Json& row : comparison.at("rows")) {
    Json line = Json::array();
    for (const std::string column : kComparisonColumns) {
      const Json value = value_or_null(row, column);
      if (column == "ci95") {
        line.push_back(end_of(value, 0));
        line.push_back(end_of(value, 1));
      } else {
        line.push_back(value);
      }
    }
    table.rows.push_back(std::move(line));
  }
  return table;
}

PageTable refused_table(const Json& comparison) {
  PageTable table{"refused",
                  "Left out of the comparison",
                  {"benchmark", "language", "scoring", "scorer", "metric", "arm", "reason"}};
  for (const Json& row : comparison.value("refused", Json::array())) {
    Json line = Json::array();
    for (const std::string& column : table.columns) line.push_back(value_or_null(row, column));
    table.rows.push_back(std::move(line));
  }
  return table;
}

PageTable values_table(const std::vector<Arm>& arms, const std::vector<std::string>& metrics) {
  PageTable table{"values",
                  "Values of every run",
                  {"arm", "run", "benchmark", "language", "scoring", "scorer", "metric", "value", "ci95_low",
                   "ci95_high", "n", "unscored", "higher_is_better", "ideal", "reason"}};
  for_each_metric(arms, metrics,
                  [&](const Arm& arm, const std::string& run, const CellName& name, const Json&,
                      const std::string& metric, const Json& entry) {
                    Json row = cell_row(arm, run, name);
                    row.push_back(metric);
                    const Json interval = value_or_null(entry, "ci95");
                    row.push_back(value_or_null(entry, "value"));
                    row.push_back(end_of(interval, 0));
                    row.push_back(end_of(interval, 1));
                    for (const char* field : {"n", "unscored", "higher_is_better", "ideal", "reason"})
                      row.push_back(value_or_null(entry, field));
                    table.rows.push_back(std::move(row));
                  });
  return table;
}

PageTable coverage_table(const std::vector<Arm>& arms) {
  PageTable table{"coverage",
                  "Coverage: what was scored, and why the rest was not",
                  {"arm", "run", "benchmark", "language", "scoring", "scorer", "n_items", "n_scored",
                   "reason", "count", "note"}};
  for_each_run(arms, [&](const Arm& arm, const std::string& run, const EvaluationFolder& folder) {
    for (const auto& [name, cell] : folder.cells()) {
      Json start = cell_row(arm, run, name);
      start.push_back(value_or_null(*cell, "n_items"));
      start.push_back(value_or_null(*cell, "n_scored"));
      const Json unscored = value_or_null(*cell, "unscored"), note = value_or_null(*cell, "note");
      const auto add = [&](const Json& reason, const Json& count) {
        Json row = start;
        row.push_back(reason);
        row.push_back(count);
        row.push_back(note);
        table.rows.push_back(std::move(row));
      };
      if (unscored.is_object())
        for (const auto& [reason, count] : unscored.items()) add(reason, count);
      // A cell that nothing was tried of says so once.
      if (const Json reason = value_or_null(*cell, "reason"); reason.is_string()) {
        if (!unscored.is_object() || !unscored.contains(reason.get<std::string>()))
          add(reason, value_or_null(*cell, "n_items"));
      } else if (!unscored.is_object() || unscored.empty()) {
        add(Json(), 0);
      }
    }
  });
  return table;
}

PageTable left_out_table(const std::vector<Arm>& arms, const std::vector<std::string>& metrics) {
  PageTable table{"left_out",
                  "Items that a metric is not of, and why",
                  {"arm", "run", "benchmark", "language", "scoring", "scorer", "metric", "n_items", "n",
                   "reason", "count"}};
  for_each_metric(arms, metrics,
                  [&](const Arm& arm, const std::string& run, const CellName& name, const Json& cell,
                      const std::string& metric, const Json& entry) {
                    const Json reasons = value_or_null(entry, "left_out");
                    if (!reasons.is_object()) return;  // an older report
                    for (const auto& [reason, count] : reasons.items()) {
                      Json row = cell_row(arm, run, name);
                      for (const Json& field : {Json(metric), value_or_null(cell, "n_items"),
                                                value_or_null(entry, "n"), Json(reason), count})
                        row.push_back(field);
                      table.rows.push_back(std::move(row));
                    }
                  });
  return table;
}

PageTable agreement_table(const std::vector<Arm>& arms) {
  PageTable table{"agreement",
                  "Agreement of the scorers (Krippendorff's alpha, interval)",
                  {"arm", "run", "benchmark", "language", "scorers", "n", "alpha", "ci95_low", "ci95_high"}};
  for_each_run(arms, [&](const Arm& arm, const std::string& run, const EvaluationFolder& folder) {
    for (const auto& report : folder.reports()) {
      const Json panel = value_or_null(*report, "panel");
      if (!panel.is_array()) continue;
      for (const Json& row : panel) {
        std::string scorers;
        const Json names = value_or_null(row, "scorers");
        if (names.is_array())
          for (const Json& name : names)
            if (name.is_string()) append_item(scorers, name.get<std::string>());
        const Json interval = value_or_null(row, "alpha_ci95");
        table.rows.push_back(
            Json::array({arm.name, run, value_or_null(row, "benchmark"), value_or_null(row, "language"),
                         scorers, value_or_null(row, "n"), value_or_null(row, "alpha"), end_of(interval, 0),
                         end_of(interval, 1)}));
      }
    }
  });
  return table;
}

namespace {

// Numbers of a row of metrics.jsonl, {"monitor":{"fr":{"x":1}}} as "monitor/fr/x".
void flatten(const Json& json, const std::string& prefix,
             std::vector<std::pair<std::string, Json>>& numbers) {
  for (const auto& [key, value] : json.items()) {
    if (value.is_object())
      flatten(value, prefix + key + "/", numbers);
    else if (value.is_number() || value.is_null())
      numbers.emplace_back(prefix + key, value);
  }
}

// Indices 0 … size−1, at most `limit` of them, at equal distances, the last among them.
std::vector<size_t> spread(size_t size, size_t limit) {
  std::vector<size_t> indices;
  if (size <= limit) {
    for (size_t i = 0; i < size; ++i) indices.push_back(i);
  } else {
    for (size_t i = 0; i < limit; ++i) indices.push_back(i * (size - 1) / (limit - 1));
  }
  return indices;
}

}  // namespace

PageTable training_table(const std::vector<TrainingFolder>& trainings) {
  PageTable table{"training", "Training", {"run", "split"}};
  std::vector<std::vector<std::pair<std::string, Json>>> rows;
  std::vector<std::pair<std::string, Json>> starts;
  for (const TrainingFolder& training : trainings) {
    std::vector<const Json*> splits[2];
    for (const Json& row : training.metrics)
      if (row.is_object()) splits[row.value("split", Json("train")) == "eval"].push_back(&row);
    for (const auto& split : splits)
      for (size_t index : spread(split.size(), kMaxCurveRows)) {
        starts.emplace_back(training.name, split[index]->value("split", Json("train")));
        flatten(*split[index], "", rows.emplace_back());
        for (const auto& [name, value] : rows.back())
          if (std::find(table.columns.begin(), table.columns.end(), name) == table.columns.end())
            table.columns.push_back(name);
      }
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    Json line = Json::array({starts[i].first, starts[i].second});
    for (size_t c = 2; c < table.columns.size(); ++c) {
      const auto found = std::find_if(rows[i].begin(), rows[i].end(),
                                      [&](const auto& entry) { return entry.first == table.columns[c]; });
      line.push_back(found == rows[i].end() ? Json() : found->second);
    }
    table.rows.push_back(std::move(line));
  }
  return table;
}

PageTable predictors_table(const std::vector<FoundFile>& files) {
  PageTable table{"predictors", "What may predict the transfer, of each language", {"language"}};
  std::vector<std::vector<std::pair<std::string, Json>>> rows;
  std::vector<std::string> languages;
  for (const FoundFile& file : files) {
    const Json known = file.json.value("languages", Json::object());
    for (const auto& [language, values] : known.items()) {
      languages.push_back(language);
      flatten(values, "", rows.emplace_back());
      for (const auto& [name, value] : rows.back())
        if (std::find(table.columns.begin(), table.columns.end(), name) == table.columns.end())
          table.columns.push_back(name);
    }
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    Json line = Json::array({languages[i]});
    for (size_t c = 1; c < table.columns.size(); ++c) {
      const auto found = std::find_if(rows[i].begin(), rows[i].end(),
                                      [&](const auto& entry) { return entry.first == table.columns[c]; });
      line.push_back(found == rows[i].end() ? Json() : found->second);
    }
    table.rows.push_back(std::move(line));
  }
  return table;
}

PageTable correlations_table(const std::vector<FoundFile>& files) {
  PageTable table{"correlations",
                  "Correlations of change with its predictors",
                  {"target", "predictor", "given", "kind", "value", "ci95_low", "ci95_high", "p_value",
                   "p_holm", "n", "leave_one_out_low", "leave_one_out_high", "warning"}};
  for (const FoundFile& file : files)
    for (const Json& row : file.json.at("correlations")) {
      const Json target = value_or_null(row, "target");
      const Json interval = value_or_null(row, "ci95"), range = value_or_null(row, "leave_one_out");
      table.rows.push_back(
          Json::array({target.is_string() ? target : Json(dump_json(target)), value_or_null(row, "predictor"),
                       value_or_null(row, "given"), value_or_null(row, "kind"), value_or_null(row, "value"),
                       end_of(interval, 0), end_of(interval, 1), value_or_null(row, "p_value"),
                       value_or_null(row, "p_holm"), value_or_null(row, "n"), end_of(range, 0),
                       end_of(range, 1), value_or_null(row, "warning")}));
    }
  return table;
}

}  // namespace xlt
