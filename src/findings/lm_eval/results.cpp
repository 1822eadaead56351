// SPDX-License-Identifier: Apache-2.0
#include "findings/lm_eval/results.h"

#include "findings/lm_eval/metric_bounds.h"
#include "findings/lm_eval/results_files.h"
#include "findings/lm_eval/task_name.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>

#include "xlt/base/file.h"
#include "xlt/base/json_or_null.h"
#include "xlt/base/utf8.h"

namespace xlt {

namespace {

constexpr const char* kScoring = "lm-eval";
constexpr std::string_view kErrorMark = "_stderr";

// One document under one filter: its values by metric; a pair where lm_eval sums two numbers.
struct FilteredSample {
  std::string id, filter;
  std::map<std::string, Ratio> values;
};

FilteredSample read_sample(const JsonView& row) {
  const Json& id = row.at("doc_id").value();
  FilteredSample sample{
      id.is_string() ? id.get<std::string>() : dump_json(id), row.get("filter", "none"), {}};
  for (const auto& [name, value] : row.value().items()) {
    if (value.is_boolean())
      sample.values[name] = {value.get<bool>() ? 1.0 : 0.0, 1};
    else if (value.is_number())
      sample.values[name] = {value.get<double>(), 1};
    else if (value.is_array() && value.size() == 2 && value[0].is_number() && value[1].is_number())
      sample.values[name] = {value[0].get<double>(), value[1].get<double>()};
  }
  return sample;
}

std::vector<FilteredSample> read_samples(const Json& results, const fs::path& file, const std::string& task) {
  std::vector<FilteredSample> samples;
  if (results.contains("samples") && results.at("samples").is_object() &&
      results.at("samples").contains(task)) {
    const JsonView rows = JsonView(results, file.string()).at("samples").at(task);
    for (size_t i = 0; i < rows.size(); ++i) samples.push_back(read_sample(rows.at(i)));
    return samples;
  }
  const fs::path path = samples_file(file, task);
  if (path.empty()) return samples;
  LineReader lines(path);
  while (const auto line = lines.next()) {
    const Json row = parse_json(*line, lines.place());
    samples.push_back(read_sample(JsonView(row, lines.place())));
  }
  return samples;
}

// "acc,none" → acc and none
struct MetricKey {
  std::string name, filter;
  std::string text() const { return filter == "none" || filter.empty() ? name : name + "," + filter; }
};
MetricKey split_key(const std::string& key) {
  const size_t comma = key.find(',');
  return comma == std::string::npos ? MetricKey{key, ""}
                                    : MetricKey{key.substr(0, comma), key.substr(comma + 1)};
}

// How lm_eval makes a number of its documents' values.
struct Reduction {
  const char* formula;
  double sign;
};
constexpr Reduction kReductions[] = {{"ratio", 1}, {"ratio", -1 / std::numbers::ln2}, {"exp_ratio", -1}};

class TaskReader {
 public:
  TaskReader(const Json& results, const fs::path& file, const std::string& task, CellName name)
      : results_(results), task_(task), name_(std::move(name)), samples_(read_samples(results, file, task)) {}

  // What cannot be is appended to `unusable`.
  std::map<std::string, StatedMetric> stated(std::vector<UnusableMetric>& unusable) const {
    std::map<std::string, StatedMetric> metrics;
    const Json& numbers = results_.at("results").at(task_);
    for (const auto& [key, value] : numbers.items()) {
      const MetricKey metric = split_key(key);
      if (is_remark(key) || metric.name.ends_with(kErrorMark)) continue;
      // A metric has a filter; what is a text without one is a remark.
      if (!value.is_number() && key.find(',') == std::string::npos) continue;
      if (const std::string fault = fault_of_metric(metric.name, value); !fault.empty()) {
        unusable.push_back({name_, metric.text(), fault});
        continue;
      }
      StatedMetric stated{value.get<double>(), Json(), direction(metric.name), num_items()};
      const std::string error =
          metric.name + std::string(kErrorMark) + (metric.filter.empty() ? "" : "," + metric.filter);
      if (const Json spread = numbers.value(error, Json()); spread.is_number() && spread.get<double>() >= 0)
        stated.standard_error = spread;
      metrics[metric.text()] = stated;
    }
    return metrics;
  }

  // The cell with the metrics that samples reproduce, and their items.
  std::pair<Json, std::vector<EvaluatedItem>> cell(const std::map<std::string, StatedMetric>& stated) const {
    std::map<std::string, EvaluatedItem> items;
    Json metrics = Json::object(), names = Json::array();
    for (const auto& [text, number] : stated) {
      const MetricKey key = split_key(text);
      if (auto spec = spec_of(key, text, number)) {
        for (const auto& [id, ratio] : values_of(key)) {
          items[id].id = id;
          items[id].ratios[text] = {ratio.numerator * spec->sign, ratio.denominator};
        }
        metrics[text] = spec->json;
        names.push_back(text);
      }
    }
    std::vector<EvaluatedItem> rows;
    for (auto& [id, item] : items) rows.push_back(std::move(item));
    return {Json{{"benchmark", name_.benchmark},
                 {"language", name_.language},
                 {"scoring", name_.scoring},
                 {"settings", settings()},
                 {"n_items", num_items()},
                 {"headline", names},
                 {"metrics", metrics}},
            std::move(rows)};
  }

 private:
  struct Spec {
    double sign;
    Json json;
  };

  // The value of a field of the results for this task ("versions"), or null.
  Json of_task(const char* field) const { return value_or_null(results_.value(field, Json()), task_); }
  Json direction(const std::string& metric) const {
    const Json way = value_or_null(of_task("higher_is_better"), metric);
    return way.is_boolean() ? way : Json();
  }
  int64_t num_items() const {
    const Json counts = of_task("n-samples");
    if (counts.is_object() && counts.contains("effective") && counts.at("effective").is_number_integer())
      return counts.at("effective").get<int64_t>();
    const Json length = results_.at("results").at(task_).value("sample_len", Json());
    return length.is_number_integer() ? length.get<int64_t>() : 0;
  }
  // What two evaluations must share to be compared.
  Json settings() const {
    const Json config = results_.value("config", Json::object());
    Json settings{{"task_version", of_task("versions")}, {"num_fewshot", of_task("n-shot")}};
    for (const char* key : {"limit", "gen_kwargs", "fewshot_seed", "model_dtype"})
      settings[key] = config.is_object() ? config.value(key, Json()) : Json();
    for (const char* key : {"chat_template_sha", "system_instruction_sha", "fewshot_as_multiturn"})
      settings[key] = results_.value(key, Json());
    // The hash of documents, prompts and targets; only samples have it.
    if (const Json hash = of_task("task_hashes"); !samples_.empty() && hash.is_string())
      settings["task_hash"] = hash;
    return settings;
  }
  // By document; the first where one comes twice.
  std::map<std::string, Ratio> values_of(const MetricKey& key) const {
    std::map<std::string, Ratio> values;
    for (const FilteredSample& sample : samples_) {
      const bool is_filter = sample.filter == key.filter || (key.filter.empty() && sample.filter == "none");
      if (const auto found = sample.values.find(key.name); is_filter && found != sample.values.end())
        values.emplace(sample.id, found->second);
    }
    return values;
  }
  std::optional<Spec> spec_of(const MetricKey& key, const std::string& text,
                              const StatedMetric& stated) const {
    const auto values = values_of(key);
    if (values.empty()) return std::nullopt;
    for (const Reduction& reduction : kReductions) {
      Ratio sum;
      bool is_bounded = true;
      for (const auto& [id, ratio] : values) {
        sum.numerator += reduction.sign * ratio.numerator;
        sum.denominator += ratio.denominator;
        is_bounded = is_bounded && ratio.numerator >= 0 && ratio.numerator <= ratio.denominator;
      }
      MetricSpec spec = with_formula(ratio_metric(text, text, std::nullopt), reduction.formula);
      const double value = spec.combine(std::span(&sum, 1));
      if (!(std::abs(value - stated.value) <= 1e-6 * std::max(1.0, std::abs(stated.value)))) continue;
      if (!is_bounded || reduction.sign != 1) spec = unbounded(spec);
      if (stated.higher_is_better.is_boolean()) spec.higher_is_better = stated.higher_is_better.get<bool>();
      Json json = metric_to_json(spec);
      json["value"] = stated.value;
      json["n"] = values.size();
      return Spec{reduction.sign, std::move(json)};
    }
    return std::nullopt;
  }

  const Json& results_;
  std::string task_;
  CellName name_;
  std::vector<FilteredSample> samples_;
};

Json record_of(const Json& results, const fs::path& file) {
  const Json config = results.value("config", Json::object());
  return Json{{"file", escape_invalid_utf8(file.string())},
              {"sha256", sha256_of_file(file)},
              {"model_name", results.value("model_name", Json())},
              {"model_args", config.is_object() ? config.value("model_args", Json()) : Json()},
              {"lm_eval_version", results.value("lm_eval_version", Json())}};
}

}  // namespace

LmEvalResults read_lm_eval(const fs::path& path) {
  const fs::path file = results_file(path);
  const Json results = load_json(file);
  const JsonView tasks = JsonView(results, file.string()).at("results");
  std::map<CellName, std::map<std::string, StatedMetric>> stated;
  std::map<CellName, std::vector<EvaluatedItem>> items;
  std::vector<UnusableMetric> unusable;
  Json cells = Json::array();
  for (const std::string& task : tasks.keys()) {
    tasks.at(task).keys();  // an object
    const TaskName split = split_task(task);
    CellName name{split.benchmark, split.language, kScoring, ""};
    if (stated.contains(name)) name.benchmark = task;
    const TaskReader reader(results, file, task, name);
    const size_t num_unusable = unusable.size();
    const auto metrics = reader.stated(unusable);
    if (metrics.empty() && unusable.size() == num_unusable) continue;  // a group that only holds others
    auto [cell, rows] = reader.cell(metrics);
    cells.push_back(std::move(cell));
    items[name] = std::move(rows);
    stated[name] = metrics;
  }
  if (cells.empty())
    throw Error(ErrorKind::kData, "no task with a metric is there; expected the results of lm_eval",
                file.string());
  // Which model it was is what the user says: names of lm_eval hold no hash.
  auto report =
      std::make_shared<const Json>(Json{{"status", "done"}, {"model", Json()}, {"cells", std::move(cells)}});
  return {file, record_of(results, file), std::move(stated), std::move(unusable),
          EvaluationFolder(file, std::move(report), std::move(items))};
}

}  // namespace xlt
