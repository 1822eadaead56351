// SPDX-License-Identifier: Apache-2.0
// Tables of what raters said.
#include "findings/page_tables.h"

#include "xlt/base/join.h"

namespace xlt {

namespace {

// A field that is an object; an empty one where there is none.
const Json& object_at(const Json& json, const char* key) {
  static const Json kNone = Json::object();
  const auto found = json.find(key);
  return found == json.end() || !found->is_object() ? kNone : *found;
}

// A field of an object, or one end of an interval ("ci95/0").
Json field_of(const Json& object, const std::string& path) {
  const size_t slash = path.find('/');
  const std::string key = path.substr(0, slash);
  if (!object.is_object() || !object.contains(key)) return Json();
  const Json& value = object.at(key);
  if (slash == std::string::npos) return value;
  return value.is_array() && value.size() == 2 ? value[path[slash + 1] - '0'] : Json();
}

// Columns of a table after those that name its row, and where their values stand.
struct Columns {
  std::vector<std::string> names, paths;
};

// The row of all languages, whose tag is null, and one a language.
void add_rows(PageTable& table, const Json& start, const Json& object, const Columns& columns) {
  const auto add = [&](const Json& language, const Json& values) {
    Json row = start;
    row.push_back(language);
    for (const std::string& path : columns.paths) row.push_back(field_of(values, path));
    table.rows.push_back(std::move(row));
  };
  add(Json(), object);
  for (const auto& [language, values] : object_at(object, "languages").items()) add(language, values);
}

PageTable make_table(const char* name, const char* title, std::vector<std::string> start,
                     const Columns& columns) {
  PageTable table{name, title, std::move(start)};
  table.columns.push_back("language");
  table.columns.insert(table.columns.end(), columns.names.begin(), columns.names.end());
  return table;
}

const Columns kAgreement{{"alpha", "ci95_low", "ci95_high", "kappa", "kappa_low", "kappa_high", "kappa_kind",
                          "n_items", "n_raters", "reason"},
                         {"alpha", "alpha_ci95/0", "alpha_ci95/1", "kappa", "kappa_ci95/0", "kappa_ci95/1",
                          "kappa_kind", "n_items", "n_raters", "reason"}};
const Columns kMeans{{"mean", "ci95_low", "ci95_high", "n", "n_items", "n_raters"},
                     {"mean", "ci95/0", "ci95/1", "n", "n_items", "n_raters"}};
const Columns kPreferences{
    {"share", "ci95_low", "ci95_high", "n", "n_items", "n_raters", "wins", "ties", "losses", "p_value",
     "p_holm"},
    {"value", "ci95/0", "ci95/1", "n", "n_items", "n_raters", "wins", "ties", "losses", "p_value", "p_holm"}};
const Columns kScorers{
    {"n", "unscored", "share_toxic", "spearman", "p_value", "auc", "ci95_low", "ci95_high", "brier", "ece"},
    {"n", "unscored", "share_toxic", "spearman", "spearman_p", "auc", "auc_ci95/0", "auc_ci95/1", "brier",
     "ece"}};

PageTable curves_table(const std::vector<FoundFile>& files) {
  PageTable table{
      "human_calibration",
      "Calibration of scorers: share of texts that people call toxic, by score",
      {"scorer", "low", "high", "n", "mean_score", "mean_rating", "share_toxic", "ci95_low", "ci95_high"}};
  for (const FoundFile& file : files)
    for (const auto& [scorer, values] : file.json.at("scorer_calibration").items())
      for (const Json& bin : values.value("bins", Json::array())) {
        Json row = Json::array({scorer});
        for (const char* path :
             {"low", "high", "n", "mean_score", "mean_rating", "share_toxic", "ci95/0", "ci95/1"})
          row.push_back(field_of(bin, path));
        table.rows.push_back(std::move(row));
      }
  return table;
}

}  // namespace

std::vector<PageTable> human_tables(const std::vector<FoundFile>& files) {
  PageTable agreement = make_table("human_agreement", "Agreement of raters", {"question"}, kAgreement),
            means = make_table("human_ratings", "Mean ratings by people", {"question", "arm"}, kMeans),
            preferences = make_table("human_preference", "Preferences of people (share that prefers the arm)",
                                     {"arm", "against"}, kPreferences),
            scorers = make_table("human_scorers", "Scorers beside people's ratings of toxicity", {"scorer"},
                                 kScorers);
  for (const FoundFile& file : files) {
    for (const auto& [question, values] : object_at(file.json, "questions").items())
      add_rows(agreement, Json::array({question}), values, kAgreement);
    for (const auto& [question, arms] : object_at(file.json, "ratings").items())
      for (const auto& [arm, values] : arms.items())
        add_rows(means, Json::array({question, arm}), values, kMeans);
    for (const auto& [arm, values] : object_at(file.json, "preference_rate").items())
      add_rows(preferences, Json::array({arm, join(values.value("against", Json::array()))}), values,
               kPreferences);
    for (const auto& [scorer, values] : file.json.at("scorer_calibration").items())
      add_rows(scorers, Json::array({scorer}), values, kScorers);
  }
  std::vector<PageTable> tables;
  for (PageTable* table : {&agreement, &means, &preferences, &scorers})
    if (!table->rows.empty()) tables.push_back(std::move(*table));
  if (PageTable curves = curves_table(files); !curves.rows.empty()) tables.push_back(std::move(curves));
  return tables;
}

}  // namespace xlt
