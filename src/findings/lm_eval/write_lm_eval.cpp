// SPDX-License-Identifier: Apache-2.0
// report.json and items → what lm-evaluation-harness 0.4.13 writes (its loggers/evaluation_tracker.py).
#include "findings/evaluation_folder.h"
#include "findings/lm_eval/task_name.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <map>

#include "xlt/base/file.h"
#include "xlt/base/json_or_null.h"
#include "xlt/base/utf8.h"
#include "xlt/base/version.h"
#include "xlt/findings/lm_eval.h"
#include "xlt/stats/distribution.h"

namespace xlt {

namespace {

// "2026-11-27T08-00-00.000123": their names of files end so, after the last "_".
std::string time_text(std::chrono::system_clock::time_point now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto micros =
      std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count() % 1'000'000;
  std::tm parts{};
  localtime_r(&seconds, &parts);
  char text[64];
  const size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H-%M-%S", &parts);
  std::snprintf(text + length, sizeof text - length, ".%06d", static_cast<int>(micros));
  return text;
}

// Their rule: what no name of a file may hold becomes "__".
std::string sanitized(const std::string& name) {
  std::string text;
  bool was_bad = false;
  for (const char c : name) {
    const bool is_bad = std::string_view("\"<>:/|\\?*[]").find(c) != std::string_view::npos;
    if (!is_bad) text += c;
    if (is_bad && !was_bad) text += "__";
    was_bad = is_bad;
  }
  return text.empty() ? "xlt" : text;
}

// "corrected/word_list"; a comma would part a metric's name from it.
std::string filter_of(const CellName& cell) {
  std::string filter = cell.scoring + (cell.scorer.empty() ? "" : "/" + cell.scorer);
  std::replace(filter.begin(), filter.end(), ',', ';');
  return filter;
}
std::string metric_of(std::string name) {
  std::replace(name.begin(), name.end(), ',', ';');
  return name;
}

// What was asked of the model and what it gave: {"arguments", "resps"} of an item's row.
struct Exchange {
  Json arguments = Json::object(), resps = Json::array();
  std::string first;  // the first request's context
  void add(const std::string& context, const Json& second) {
    if (arguments.empty()) first = context;
    arguments["gen_args_" + std::to_string(arguments.size())] = Json{{"arg_0", context}, {"arg_1", second}};
  }
};

Exchange exchange_of(const Json& row) {
  Exchange exchange;
  const Json completions = value_or_null(row, "completions");
  if (completions.is_array() || row.contains("completion")) {
    Json texts = Json::array();
    if (completions.is_array())
      for (const Json& completion : completions) texts.push_back(value_or_null(completion, "text"));
    else
      texts.push_back(row.at("completion"));
    exchange.add(row.value("prompt", ""), Json::object());
    exchange.resps.push_back(std::move(texts));
    return exchange;
  }
  // Texts with their log-likelihoods: the row itself, or its fields.
  const auto add = [&](const Json& side) {
    if (!side.is_object() || !side.contains("text") || !side.contains("log_likelihood")) return;
    exchange.add("", side.at("text"));
    exchange.resps.push_back(Json::array({Json::array({dump_json(side.at("log_likelihood")), "False"})}));
  };
  add(row);
  for (const auto& [name, field] : row.items()) add(field);
  return exchange;
}

class TaskWriter {
 public:
  TaskWriter(const EvaluationFolder& folder, std::string task) : folder_(folder), task_(std::move(task)) {}

  // A cell of this task: another filter.
  void add(const CellName& name, const Json& cell) {
    const std::string filter = filter_of(name);
    number_["name"] = number_["alias"] = task_;
    number_["sample_len"] = value_or_null(cell, "n_items");
    for (const auto& [metric, entry] : cell.at("metrics").items()) {
      higher_is_better_[metric_of(metric)] = value_or_null(entry, "higher_is_better");
      const Json value = value_or_null(entry, "value"), interval = value_or_null(entry, "ci95");
      if (!value.is_number()) continue;
      number_[metric_of(metric) + "," + filter] = value.get<double>();
      number_[metric_of(metric) + "_stderr," + filter] =
          interval.is_array() && interval.size() == 2 && interval[0].is_number() && interval[1].is_number()
              ? Json((interval[1].get<double>() - interval[0].get<double>()) / (2 * normal_quantile(0.975)))
              : Json("N/A");
    }
    add_samples(name, cell, filter);
    cell_ = &cell;
  }

  const std::string& task() const { return task_; }
  const std::string& samples() const { return samples_; }
  std::string hash() const { return sha256(hashes_); }
  const Json& numbers() const { return number_; }
  const Json& higher_is_better() const { return higher_is_better_; }
  Json version() const { return value_or_null(*cell_, "benchmark_version"); }
  Json counts() const {
    const Json count = value_or_null(*cell_, "n_items");
    return Json{{"original", count}, {"effective", count}};
  }
  // A benchmark's own option, where it shows examples.
  Json num_fewshot() const {
    const Json number = value_or_null(value_or_null(*cell_, "settings"), "num_fewshot");
    return number.is_null() ? Json(0) : number;
  }
  Json config() const {
    Json metrics = Json::array();
    for (const auto& [name, way] : higher_is_better_.items())
      metrics.push_back(Json{{"metric", name}, {"higher_is_better", way}});
    return Json{{"task", task_},          {"tag", Json::array({cell_->at("benchmark")})},
                {"description", ""},      {"num_fewshot", num_fewshot()},
                {"metric_list", metrics}, {"metadata", Json{{"version", version()}}}};
  }

 private:
  // The metrics of one item, where a metric is a ratio.
  Json values_of(const std::vector<MetricSpec>& specs, const EvaluatedItem& item,
                 const std::string& scorer) const {
    Json values = Json::object();
    auto ratios = item.ratios;
    if (const auto part = item.by_scorer.find(scorer); part != item.by_scorer.end())
      ratios.insert(part->second.begin(), part->second.end());
    for (const MetricSpec& spec : specs) {
      const auto ratio = ratios.find(spec.ratios[0]);
      if (ratio != ratios.end() && ratio->second.denominator != 0)
        values[metric_of(spec.name)] = spec.combine(std::span(&ratio->second, 1));
    }
    return values;
  }

  void add_samples(const CellName& name, const Json& cell, const std::string& filter) {
    std::vector<MetricSpec> specs;
    for (const auto& [metric, entry] : cell.at("metrics").items())
      if (entry.contains("formula"))
        if (MetricSpec spec = folder_.metric(name, metric); is_single_ratio(spec))
          specs.push_back(std::move(spec));
    const fs::path& file = folder_.items_file(name);
    if (!fs::exists(file)) return;
    const std::vector<EvaluatedItem>& items = folder_.items(name);
    LineReader lines(file);
    for (size_t i = 0; i < items.size(); ++i) {
      const auto line = lines.next();
      if (!line) break;
      Json doc = parse_json(*line, lines.place());
      for (const char* ours : {"ratios", "by_scorer", "absent"}) doc.erase(ours);
      add_sample(static_cast<int64_t>(i), std::move(doc), values_of(specs, items[i], name.scorer), filter);
    }
  }

  void add_sample(int64_t index, Json doc, const Json& values, const std::string& filter) {
    const Exchange exchange = exchange_of(doc);
    Json names = Json::array(), filtered = Json::array();
    for (const auto& [metric, value] : values.items()) names.push_back(metric);
    for (const Json& response : exchange.resps) filtered.push_back(response.empty() ? Json("") : response[0]);
    // An item is what the model was asked; what it answered stands in `doc` too, and differs by model.
    const Json asked{{"id", value_or_null(doc, "id")}, {"arguments", exchange.arguments}};
    const std::string doc_hash = sha256(dump_json(asked)), prompt_hash = sha256(exchange.first),
                      target_hash = sha256("");
    hashes_ += doc_hash + prompt_hash + target_hash;
    Json sample{{"doc_id", index},
                {"doc", std::move(doc)},
                {"target", ""},
                {"arguments", exchange.arguments},
                {"resps", exchange.resps},
                {"filtered_resps", filtered},
                {"filter", filter},
                {"metrics", names},
                {"doc_hash", doc_hash},
                {"prompt_hash", prompt_hash},
                {"target_hash", target_hash}};
    sample.update(values);
    samples_ += dump_json(sample) + "\n";
  }

  const EvaluationFolder& folder_;
  std::string task_, samples_, hashes_;
  Json number_ = Json::object(), higher_is_better_ = Json::object();
  const Json* cell_ = nullptr;
};

std::string text_of(const Json& object, const char* key) {
  const Json value = value_or_null(object, key);
  return value.is_string() ? value.get<std::string>() : "";
}

// What they say of the run.
Json header(const Json& report, const std::string& model_name, double seconds) {
  const Json model = value_or_null(report, "model"), config = value_or_null(report, "config"),
             seeds = value_or_null(report, "seeds"), limit = value_or_null(config, "limit");
  std::string arguments = "pretrained=" + model_name;
  if (const std::string adapter = text_of(model, "adapter"); !adapter.empty())
    arguments += ",peft=" + adapter;
  const Json seed = seeds.is_array() && !seeds.empty() ? seeds[0] : Json();
  double total = 0;
  for (const Json& cell : report.at("cells"))
    if (const Json spent = value_or_null(cell, "seconds"); spent.is_number()) total += spent.get<double>();
  return Json{{"config", Json{{"model", "xlt"},
                              {"model_args", arguments},
                              {"model_num_parameters", value_or_null(model, "num_parameters")},
                              {"model_dtype", value_or_null(model, "dtype")},
                              {"batch_size", Json()},
                              {"device", Json()},
                              {"limit", limit == Json(0) ? Json() : limit},
                              {"bootstrap_iters", value_or_null(config, "bootstrap_samples")},
                              {"gen_kwargs", Json()},
                              {"random_seed", seed}}},
              {"git_hash", value_or_null(value_or_null(report, "code"), "commit")},
              {"date", seconds},
              {"xlt_version", version()},
              {"model_source", "xlt"},
              {"model_name", model_name},
              {"model_name_sanitized", sanitized(model_name)},
              {"system_instruction", Json()},
              {"system_instruction_sha", Json()},
              {"fewshot_as_multiturn", Json()},
              {"chat_template", Json()},
              {"chat_template_sha", Json()},
              {"total_evaluation_time_seconds", dump_json(Json(total))}};
}

}  // namespace

void ReportFormat::visit(OptionVisitor& v) {
  v.field(
      "format", format,
      "lm-eval: beside report.json also results_….json and samples_….jsonl as lm-evaluation-harness writes "
      "them, in a folder called as the model",
      one_of({"xlt", "lm-eval"}));
}

fs::path write_lm_eval(const fs::path& evaluation) {
  const EvaluationFolder folder(evaluation);
  const Json& report = *folder.reports()[0];
  std::map<std::string, TaskWriter> tasks;
  for (const auto& [name, cell] : folder.cells())
    tasks.try_emplace(task_of(name.benchmark, name.language), folder, task_of(name.benchmark, name.language))
        .first->second.add(name, *cell);
  const auto now = std::chrono::system_clock::now();
  std::string model_name = text_of(value_or_null(report, "model"), "path");
  if (model_name.empty()) model_name = "completions";
  Json results{{"results", Json::object()}, {"group_subtasks", Json::object()}};
  const std::string time = time_text(now);
  const fs::path into = evaluation / sanitized(model_name);
  make_folders(into);
  for (const auto& [task, writer] : tasks) {
    results["results"][task] = writer.numbers();
    results["group_subtasks"][task] = Json::array();
    results["configs"][task] = writer.config();
    results["versions"][task] = writer.version();
    results["n-shot"][task] = writer.num_fewshot();
    results["higher_is_better"][task] = writer.higher_is_better();
    results["n-samples"][task] = writer.counts();
    results["task_hashes"][task] = writer.hash();
    write_file(into / ("samples_" + task + "_" + time + ".jsonl"), writer.samples());
  }
  results.update(header(report, model_name, std::chrono::duration<double>(now.time_since_epoch()).count()));
  const fs::path file = into / ("results_" + time + ".json");
  write_file(file, dump_json(results, 2) + "\n");
  return file;
}

}  // namespace xlt
