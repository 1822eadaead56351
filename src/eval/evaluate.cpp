// Benchmarks × languages → cells → report.json. SPDX-License-Identifier: Apache-2.0
#include "xlt/eval/evaluate.h"

#include "eval/cell.h"
#include "eval/factories.h"

#include <algorithm>

#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/base/language.h"
#include "xlt/eval/scorer.h"
#include "xlt/text/language_id.h"

namespace xlt {

namespace {

struct CellPlan {
  const Entry<Benchmark>* entry;
  std::string language;
};

std::vector<CellPlan> plan_cells(const EvalOptions& options) {
  std::vector<CellPlan> plan;
  for (const auto& entry : benchmarks()) {
    const bool wanted =
        std::any_of(options.benchmarks.begin(), options.benchmarks.end(),
                    [&](const std::string& name) { return name == "all" || name == entry.name; });
    if (!wanted) continue;
    std::vector<std::string> languages;
    for (const std::string& tag : options.langs) {
      if (tag == "all") {
        languages = entry.make()->languages(options.data);
        break;
      }
      languages.push_back(parse_language(tag));
    }
    for (const std::string& language : languages) plan.push_back({&entry, language});
  }
  return plan;
}

std::vector<std::string> scorings(const EvalOptions& options) {
  return options.scoring == "both" ? std::vector<std::string>{"paper", "corrected"}
                                   : std::vector<std::string>{options.scoring};
}

class Evaluation {
 public:
  Evaluation(LanguageModel& lm, const EvalOptions& options, const std::string& model_key,
             const Context& context)
      : lm_(lm), options_(options), model_key_(model_key), context_(context), output_(options.output) {
    fs::path lists = options.word_lists;
    if (lists.empty() && fs::is_directory(fs::path(options.data) / "toxic_words"))
      lists = fs::path(options.data) / "toxic_words";
    if (!lists.empty()) scorer_ = make_word_list_scorer(lists);
    if (!options.lid.empty()) identifier_ = load_language_identifier(options.lid);
    lists_key_ = lists.string();
    if (!options.baseline.empty()) baseline_ = load_json(fs::path(options.baseline) / "report.json");
  }

  // Appends the cells of one benchmark in one language (one a scoring mode); a failure goes to `errors`.
  void run(const CellPlan& plan, Json& cells, Json& errors) {
    const auto benchmark = plan.entry->make();
    const fs::path file = benchmark->file(options_.data, plan.language);
    std::vector<ScoredItem> items;
    Json timing{{"seconds", 0.0}, {"num_tokens", 0}};
    std::string missing;
    try {
      if (fs::is_regular_file(file)) {
        items = items_of(plan, *benchmark, file, timing);
      } else {
        missing = "no data file " + file.lexically_relative(options_.data).string();
      }
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::kInterrupted) throw;
      missing = error.what();
      errors.push_back(Json{{"benchmark", plan.entry->name},
                            {"language", plan.language},
                            {"kind", name_of(error.kind())},
                            {"message", error.what()}});
      context_.warn(str_cat(plan.entry->name, " ", plan.language, ": ", error.what()));
    }
    for (const std::string& scoring : scorings(options_))
      cells.push_back(cell(plan, *benchmark, scoring, items, missing, timing));
  }

 private:
  // Everything that determines a cell's items.
  std::string key_of(const CellPlan& plan, const Benchmark& benchmark, const fs::path& file) const {
    EvalOptions echo = options_;
    echo.output = echo.baseline = echo.scoring = echo.data = "";
    echo.benchmarks = echo.langs = {};
    echo.bootstrap_samples = 0;
    const Json key{{"options", dump_options(visit_of(echo))},
                   {"seed", options_.seed},
                   {"model", model_key_},
                   {"benchmark", plan.entry->name},
                   {"version", benchmark.version()},
                   {"language", plan.language},
                   {"data", sha256_of_file(file)},
                   {"lists", lists_key_},
                   {"dtype", lm_.info().dtype}};
    return sha256(dump_json(key)).substr(0, 16);
  }

  std::vector<ScoredItem> items_of(const CellPlan& plan, const Benchmark& benchmark, const fs::path& file,
                                   Json& timing) {
    const fs::path items_file = output_ / "items" / plan.entry->name / (plan.language + ".jsonl");
    const fs::path done = output_ / "cells" / plan.entry->name /
                          str_cat(plan.language, "-", key_of(plan, benchmark, file), ".json");
    if (fs::exists(done) && fs::exists(items_file)) {
      const Json stamp = load_json(done);
      if (stamp.value("items", "") == sha256_of_file(items_file)) {
        timing = stamp.at("timing");
        return read_items(items_file);
      }
    }
    const double begin = monotonic_seconds();
    const int64_t tokens = lm_.num_tokens_computed();
    const std::vector<ScoredItem> items =
        benchmark.score(file, plan.language, {lm_, options_, scorer_.get(), identifier_.get(), context_});
    timing =
        Json{{"seconds", monotonic_seconds() - begin}, {"num_tokens", lm_.num_tokens_computed() - tokens}};
    AtomicFile out(items_file);
    for (const ScoredItem& item : items) out.write(dump_json(item_to_json(item)) + "\n");
    out.commit();
    write_file(done, dump_json(Json{{"items", sha256_of_file(items_file)}, {"timing", timing}}) + "\n");
    return items;
  }

  static std::vector<ScoredItem> read_items(const fs::path& file) {
    std::vector<ScoredItem> items;
    LineReader lines(file);
    while (const auto line = lines.next()) items.push_back(item_from_json(parse_json(*line, lines.place())));
    return items;
  }

  Json cell(const CellPlan& plan, const Benchmark& benchmark, const std::string& scoring,
            const std::vector<ScoredItem>& items, const std::string& missing, const Json& timing) const {
    Json json{{"benchmark", plan.entry->name},
              {"benchmark_version", benchmark.version()},
              {"language", plan.language},
              {"scoring", scoring}};
    const Rng rng = Rng(options_.seed)
                        .fork("bootstrap")
                        .fork(str_cat(plan.entry->name, "/", plan.language, "/", scoring));
    const auto specs = benchmark.metrics(scoring);
    const Json reduced = reduce_cell(specs, items, options_.bootstrap_samples, rng);
    for (const auto& [key, value] : reduced.items()) json[key] = value;
    Json headline = Json::array();
    for (const MetricSpec& spec : specs)
      if (spec.is_headline) headline.push_back(spec.name);
    json["headline"] = headline;
    if (!missing.empty()) json["reason"] = missing;
    if (baseline_) add_changes(json, plan, specs, items, rng);
    json["seconds"] = timing.at("seconds");
    json["num_tokens"] = timing.at("num_tokens");
    return json;
  }

  // "change": before → after of every metric, on the items that both evaluations scored.
  void add_changes(Json& json, const CellPlan& plan, const std::vector<MetricSpec>& specs,
                   const std::vector<ScoredItem>& items, const Rng& rng) const {
    const fs::path file =
        fs::path(options_.baseline) / "items" / plan.entry->name / (plan.language + ".jsonl");
    if (items.empty() || !fs::exists(file)) return;
    const auto before = read_items(file);
    Json changes = Json::object();
    for (const MetricSpec& spec : specs)
      changes[spec.name] =
          paired_change(spec, before, items, options_.bootstrap_samples, rng.fork(spec.name).fork("change"));
    json["change"] = changes;
  }

  LanguageModel& lm_;
  const EvalOptions& options_;
  std::string model_key_, lists_key_;
  const Context& context_;
  fs::path output_;
  std::unique_ptr<TextScorer> scorer_;
  std::unique_ptr<LanguageIdentifier> identifier_;
  std::optional<Json> baseline_;
};

}  // namespace

EvalResult evaluate(LanguageModel& lm, const EvalOptions& options, const Json& header,
                    const std::string& model_key, const Context& context) {
  check_eval_options(options);
  make_folders(options.output);
  Evaluation evaluation(lm, options, model_key, context);
  const auto plan = plan_cells(options);
  Json cells = Json::array(), errors = Json::array();
  for (size_t i = 0; i < plan.size(); ++i) {
    context.throw_if_interrupted();
    context.info(str_cat("[", i + 1, "/", plan.size(), "] ", plan[i].entry->name, " ", plan[i].language));
    evaluation.run(plan[i], cells, errors);
  }
  EvalResult result;
  result.num_failed = static_cast<int64_t>(errors.size());
  result.report_ =
      std::make_shared<Json>(Json{{"version", 1}, {"status", errors.empty() ? "done" : "failed_cells"}});
  for (const auto& [key, value] : header.items()) (*result.report_)[key] = value;
  (*result.report_)["cells"] = std::move(cells);
  (*result.report_)["errors"] = std::move(errors);
  write_file(fs::path(options.output) / "report.json", dump_json(*result.report_, 1) + "\n");
  return result;
}

}  // namespace xlt
