// SPDX-License-Identifier: Apache-2.0
// Change against predictors, over languages.
#include "findings/p_values.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "xlt/base/json.h"
#include "xlt/base/language.h"
#include "xlt/base/rng.h"
#include "xlt/findings/predictors.h"
#include "xlt/stats/bootstrap.h"
#include "xlt/stats/correlation.h"
#include "xlt/stats/distribution.h"
#include "xlt/stats/multiplicity.h"

namespace xlt {

namespace {

constexpr int64_t kFewLanguages = 8;
constexpr double kSignificant = 0.05;
// Published: every row three times where three kinds of typological features had been merged in.
constexpr int64_t kPaperRepeats = 3;

// Values by language; what is null is left out.
using Values = std::map<std::string, double>;

struct Column {
  std::string name;
  Values values;
};

void flatten(const Json& json, const std::string& language, const std::string& prefix,
             std::vector<Column>& columns) {
  for (const auto& [key, value] : json.items()) {
    if (value.is_object()) {
      flatten(value, language, prefix + key + "/", columns);
      continue;
    }
    const std::string name = prefix + key;
    auto found = std::find_if(columns.begin(), columns.end(),
                              [&](const Column& column) { return column.name == name; });
    if (found == columns.end()) found = columns.insert(columns.end(), {name, {}});
    if (value.is_number()) found->values[language] = value.get<double>();
  }
}

// A predictor each; of what is known layer by layer the mean alone, lest a table of one question be forty
// rows.
std::vector<Column> predictors_of(const Json& languages) {
  std::vector<Column> columns;
  for (const auto& [language, json] : languages.items()) flatten(json, language, "", columns);
  std::erase_if(columns, [](const Column& column) {
    const bool is_by_layer =
        column.name.starts_with("sentence_similarity/") || column.name.starts_with("retrieval_accuracy/");
    return is_by_layer && !column.name.ends_with("/mean");
  });
  return columns;
}

std::vector<Column> targets_of(const Json& comparison, const std::string& source) {
  std::vector<Column> targets;
  for (const Json& row : comparison.at("rows")) {
    const auto language = row.at("language").get<std::string>();
    if (language == "mean_others" || language_key(language) == language_key(source)) continue;
    const Json scorer = row.value("scorer", Json());
    const std::string name =
        row.at("arm").get<std::string>() + ": " + row.at("benchmark").get<std::string>() + "/" +
        row.at("metric").get<std::string>() + " (" + row.at("scoring").get<std::string>() +
        (scorer.is_string() ? "; " + scorer.get<std::string>() : "") + ")";
    auto found = std::find_if(targets.begin(), targets.end(),
                              [&](const Column& column) { return column.name == name; });
    if (found == targets.end()) found = targets.insert(targets.end(), {name, {}});
    if (const Json change = row.value("change_relative", Json()); change.is_number())
      found->values[language] = change.get<double>();
  }
  return targets;
}

// Two columns, and one held fixed or none, at the languages that have all.
struct Sample {
  std::vector<double> x, y, given;
  bool has_given = false;

  Sample pick(const std::vector<int64_t>& indices) const {
    Sample sample{{}, {}, {}, has_given};
    for (int64_t i : indices) {
      sample.x.push_back(x[static_cast<size_t>(i)]);
      sample.y.push_back(y[static_cast<size_t>(i)]);
      if (has_given) sample.given.push_back(given[static_cast<size_t>(i)]);
    }
    return sample;
  }
  int64_t size() const { return static_cast<int64_t>(x.size()); }
};

Sample sample_of(const Column& target, const Column& predictor, const Column* given) {
  Sample sample;
  sample.has_given = given != nullptr;
  for (const auto& [language, change] : target.values) {
    const auto x = predictor.values.find(language);
    if (x == predictor.values.end() || (given && !given->values.contains(language))) continue;
    sample.x.push_back(x->second);
    sample.y.push_back(change);
    if (given) sample.given.push_back(given->values.at(language));
  }
  return sample;
}

std::optional<Correlation> correlation_of(const Sample& sample, CorrelationKind kind) {
  return sample.has_given ? partial_correlation(sample.x, sample.y, {sample.given}, kind)
                          : correlation(sample.x, sample.y, kind);
}

// The middle 95 % over languages drawn with replacement; null where most draws have a constant side.
Json interval_of(const Sample& sample, CorrelationKind kind, double value, int64_t draws, Rng rng) {
  std::vector<double> replicates;
  std::vector<int64_t> indices(sample.x.size());
  for (int64_t draw = 0; draw < draws; ++draw) {
    for (int64_t& index : indices) index = rng.below(sample.size());
    if (const auto drawn = correlation_of(sample.pick(indices), kind)) replicates.push_back(drawn->value);
  }
  if (static_cast<int64_t>(replicates.size()) * 2 < draws) return Json();
  const auto interval = bootstrap_interval(std::move(replicates), value, 1);
  return interval ? Json::array({interval->low, interval->high}) : Json();
}

// The smallest and the largest value with one language left out.
Json leave_one_out(const Sample& sample, CorrelationKind kind) {
  std::optional<Interval> range;
  for (int64_t left = 0; left < sample.size(); ++left) {
    std::vector<int64_t> indices;
    for (int64_t i = 0; i < sample.size(); ++i)
      if (i != left) indices.push_back(i);
    const auto rest = correlation_of(sample.pick(indices), kind);
    if (!rest) continue;
    if (!range) range = {rest->value, rest->value};
    range = {std::min(range->low, rest->value), std::max(range->high, rest->value)};
  }
  return range ? Json::array({range->low, range->high}) : Json();
}

// The smallest |r| that a test at 0.05 would call significant.
double smallest_significant(double degrees_of_freedom) {
  const double t = t_quantile(0.975, degrees_of_freedom);
  return t / std::sqrt(degrees_of_freedom + t * t);
}

Json warning_of(int64_t n, const std::optional<Correlation>& found) {
  if (n < 3) return str_cat("fewer than three languages have both");
  if (!found) return "a side is constant, or what is held fixed explains it fully";
  if (n > kFewLanguages) return Json();
  char r[16];
  std::snprintf(r, sizeof r, "%.2f", smallest_significant(found->degrees_of_freedom));
  return str_cat(n, " languages cannot show more than the coarsest relation: below |r| = ", r,
                 " nothing is significant, even before the correction for the number of tests");
}

// Which predictor is asked about with which held fixed: volume given tokenization, and the reverse.
constexpr std::pair<const char*, const char*> kPartials[] = {
    {"pretraining_share", "fertility"},       {"fertility", "pretraining_share"},
    {"pretraining_share", "subword_overlap"}, {"subword_overlap", "pretraining_share"},
    {"pretraining_share", "bytes_per_token"}, {"bytes_per_token", "pretraining_share"}};

class CorrelationWriter {
 public:
  CorrelationWriter(const PredictorsOptions& options, Json& rows) : options_(options), rows_(rows) {}

  void write(const Column& target, const Column& predictor, const Column* given) {
    for (const CorrelationKind kind : {CorrelationKind::kSpearman, CorrelationKind::kPearson}) {
      Sample sample = sample_of(target, predictor, given);
      const int64_t languages = sample.size();
      if (options_.is_paper() && !predictor.name.starts_with("typology/")) sample = repeated(sample);
      std::optional<Correlation> found;
      if (sample.size() >= 3) found = correlation_of(sample, kind);
      Json row{{"target", target.name},
               {"predictor", predictor.name},
               {"given", given ? Json(given->name) : Json()},
               {"kind", kind == CorrelationKind::kSpearman ? "spearman" : "pearson"},
               {"value", found ? Json(found->value) : Json()},
               {"ci95", Json()},
               {"p_value", Json()},
               {"p_holm", Json()},
               {"n", sample.size()},
               {"leave_one_out", Json()},
               {"warning", warning_of(languages, found)}};
      if (found) {
        row["p_value"] = p_value(sample, kind, *found);
        row["ci95"] =
            interval_of(sample, kind, found->value, options_.num_resamples,
                        Rng(options_.seed).fork("predictors").fork(target.name).fork(predictor.name));
        row["leave_one_out"] = leave_one_out(sample, kind);
      }
      rows_.push_back(std::move(row));
    }
  }

 private:
  static Sample repeated(const Sample& sample) {
    std::vector<int64_t> indices;
    for (int64_t i = 0; i < kPaperRepeats * sample.size(); ++i) indices.push_back(i % sample.size());
    return sample.pick(indices);
  }

  // Published: Pearson's p, whatever the correlation is called.
  Json p_value(const Sample& sample, CorrelationKind kind, const Correlation& found) const {
    if (!options_.is_paper() || kind == CorrelationKind::kPearson) return found.p_value;
    const auto pearson = correlation_of(sample, CorrelationKind::kPearson);
    return pearson ? Json(pearson->p_value) : Json();
  }

  const PredictorsOptions& options_;
  Json& rows_;
};

// Student's t calls a perfect order of four languages certain, which one in twelve chances gives: n! orders,
// two of them perfect, are the least p that there is. Where that cannot be significant among so many tests, p
// is no less.
void mark_what_cannot_be_found(Json& rows, double num_tests) {
  for (Json& row : rows) {
    const auto n = row.at("n").get<int64_t>();
    const double num_orders = std::tgamma(static_cast<double>(n) + 1), least = std::min(1.0, 2 / num_orders);
    const bool is_possible = row.at("p_value").is_number() && least * num_tests < kSignificant;
    row["is_finding_possible"] = is_possible;
    if (is_possible || n > kFewLanguages || !row.at("p_value").is_number()) continue;
    row["p_value"] = std::max(row.at("p_value").get<double>(), least);
    char alone[16], corrected[16];
    std::snprintf(alone, sizeof alone, "%.2g", least);
    std::snprintf(corrected, sizeof corrected, "%.2g", std::min(1.0, least * num_tests));
    row["warning"] = str_cat(row.at("warning").get<std::string>(), "; they have ",
                             static_cast<int64_t>(num_orders), " orders, so no p is below ", alone,
                             ", nor below ", corrected, " after the correction: no finding is possible");
  }
}

const Column* find_column(const std::vector<Column>& columns, const std::string& name) {
  const auto found =
      std::find_if(columns.begin(), columns.end(), [&](const Column& column) { return column.name == name; });
  return found == columns.end() ? nullptr : &*found;
}

Json settings_of(const PredictorsOptions& options) {
  return Json{
      {"compare", options.compare},
      {"parallel", options.parallel},
      {"table", options.table},
      {"source", options.source},
      {"seed", options.seed},
      {"num_resamples", options.num_resamples},
      {"target", "change_relative, a fraction of the value before"},
      {"p_value", options.is_paper()
                      ? "as published: Pearson's t for both kinds, every language three times"
                      : "Student's t with n − 2 degrees of freedom, one less where one is held fixed"},
      {"p_holm", options.is_paper() ? "none, as published" : "Holm over every row"},
      {"ci95", "languages drawn with replacement, the middle 95 %"}};
}

}  // namespace

Json correlate(const PredictorsOptions& options, const Json& comparison, Json languages,
               const Context& context) {
  const std::vector<Column> predictors = predictors_of(languages),
                            targets = targets_of(comparison, options.source);
  Json rows = Json::array();
  CorrelationWriter writer(options, rows);
  Progress bar = context.progress("correlating", static_cast<int64_t>(targets.size()), "targets");
  for (const Column& target : targets) {
    context.throw_if_interrupted();
    for (const Column& predictor : predictors) writer.write(target, predictor, nullptr);
    for (const auto& [predictor, given] : kPartials) {
      const Column *asked = find_column(predictors, predictor), *held = find_column(predictors, given);
      if (asked && held) writer.write(target, *asked, held);
    }
    bar.advance(1);
  }
  if (!options.is_paper()) {
    mark_what_cannot_be_found(rows, static_cast<double>(PValues(rows).values().size()));
    const PValues tests(rows);
    tests.write("p_holm", holm(tests.values()));
  }
  return Json{{"version", 1},
              {"mode", options.mode},
              {"languages", std::move(languages)},
              {"correlations", std::move(rows)},
              {"settings", settings_of(options)}};
}

}  // namespace xlt
