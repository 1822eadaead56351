// SPDX-License-Identifier: Apache-2.0
// Benchmarks × languages → cells → report.json.
#include "xlt/eval/evaluate.h"

#include "eval/cell.h"
#include "eval/cell_store.h"
#include "eval/change.h"
#include "eval/factories.h"

#include <algorithm>

#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/base/language.h"
#include "xlt/scorers/scorer.h"

namespace xlt {

namespace {

struct CellPlan {
  const NamedBenchmark* entry;
  std::string language;
};

// In the order asked for, each language once.
std::vector<std::string> languages_of(const Benchmark& benchmark, const EvalOptions& options) {
  std::vector<std::string> languages;
  const auto add = [&](const std::string& tag) {
    if (std::find(languages.begin(), languages.end(), tag) == languages.end()) languages.push_back(tag);
  };
  for (const std::string& tag : options.langs) {
    if (tag != "all") {
      add(parse_language(tag));
    } else {
      for (const std::string& known : benchmark.languages(options.data)) add(known);
    }
  }
  return languages;
}

std::vector<CellPlan> plan_cells(const EvalOptions& options) {
  std::vector<CellPlan> plan;
  for (const NamedBenchmark& entry : options.table) {
    const bool wanted =
        std::any_of(options.benchmarks.begin(), options.benchmarks.end(),
                    [&](const std::string& name) { return name == "all" || name == entry.name; });
    if (!wanted) continue;
    for (const std::string& language : languages_of(*entry.benchmark, options))
      plan.push_back({&entry, language});
  }
  return plan;
}

std::vector<Scoring> scorings(const EvalOptions& options) {
  if (options.scoring == "both") return {Scoring::kPaper, Scoring::kCorrected};
  return {options.scoring == "paper" ? Scoring::kPaper : Scoring::kCorrected};
}

// What the summary in words calls a row of "transfer", where its benchmark has a name for it.
void name_subject(Json& row, const std::vector<NamedBenchmark>& table) {
  for (const NamedBenchmark& entry : table) {
    if (row.at("benchmark") != entry.name) continue;
    for (const SummarySubject& subject : entry.benchmark->summary())
      if (row.at("metric") == subject.metric) {
        row["subject"] = subject.name;
        row["is_cost"] = subject.is_cost;
      }
  }
}

class Evaluation {
 public:
  Evaluation(const EvalServices& services, const EvalOptions& options, const Context& context)
      : services_(services), options_(options), context_(context), store_(options.output) {
    if (!options.baseline.empty()) baseline_ = load_json(fs::path(options.baseline) / "report.json");
  }

  // Appends the cells of one benchmark in one language (one a scoring mode); a failure goes to `errors`.
  void run(const CellPlan& plan, Json& cells, Json& errors) {
    const Benchmark& benchmark = *plan.entry->benchmark;
    const auto files = benchmark.files(options_.data, plan.language);
    CellWork work;
    std::string missing;
    try {
      const auto absent = std::find_if(files.begin(), files.end(),
                                       [](const fs::path& file) { return !fs::is_regular_file(file); });
      if (absent == files.end()) {
        work = work_of(plan, files);
      } else {
        missing = Unscored{Reason::kNoDataFile, absent->lexically_relative(options_.data).string()}.text();
      }
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::kInterrupted) throw;
      missing = error.what();
      add_error(errors, plan, name_of(error.kind()), missing);
    } catch (const std::exception& error) {
      missing = error.what();
      add_error(errors, plan, name_of(ErrorKind::kInternal), missing);
    }
    // One cell a scorer and scoring mode; a benchmark that asks no scorer, or has none to ask, has one a
    // mode.
    const bool is_judged = benchmark.uses().scorers && !services_.scorers.empty();
    for (const TextScorer* scorer :
         is_judged ? std::vector<const TextScorer*>(services_.scorers.begin(), services_.scorers.end())
                   : std::vector<const TextScorer*>{nullptr}) {
      const auto items = scorer ? items_under(scorer->name(), work.items) : work.items;
      for (const Scoring scoring : scorings(options_))
        cells.push_back(cell(plan, scoring, scorer, items, work, missing));
    }
  }

  Json transfer() const { return transfer_.to_json(); }

 private:
  void add_error(Json& errors, const CellPlan& plan, const char* kind, const std::string& message) const {
    errors.push_back(Json{
        {"benchmark", plan.entry->name}, {"language", plan.language}, {"kind", kind}, {"message", message}});
    context_.warn(str_cat(plan.entry->name, " ", plan.language, ": ", message));
  }

  // Everything that determines a cell's items.
  std::string key_of(const CellPlan& plan, const std::vector<fs::path>& files) const {
    Benchmark& benchmark = *plan.entry->benchmark;
    const BenchmarkUses uses = benchmark.uses();
    Json key{{"benchmark", plan.entry->name},
             {"version", benchmark.version()},
             {"language", plan.language},
             {"limit", options_.limit},
             {"options", dump_options(visit_of(benchmark))}};
    for (const fs::path& file : files) key["data"].push_back(sha256_of_file(file));
    for (const fs::path& other : benchmark.other_files(options_.data))
      key["other"].push_back(fs::is_regular_file(other) ? sha256_of_file(other) : "");
    if (uses.model) key["model"] = services_.model_hash;
    if (uses.model && services_.lm) key["dtype"] = services_.lm->info().dtype;
    if (uses.sampling) {
      SamplingOptions sampling = options_.sampling;
      key["sampling"] = dump_options(visit_of(sampling));
      key["seed"] = options_.seed;
    }
    if (uses.identifier) key["lid"] = services_.identifier_hash;
    if (uses.scorers)
      for (const TextScorer* scorer : services_.scorers) key["scorers"][scorer->name()] = scorer->hash();
    return sha256(dump_json(key)).substr(0, 16);
  }

  CellWork work_of(const CellPlan& plan, const std::vector<fs::path>& files) {
    const std::string key = key_of(plan, files);
    if (auto finished = store_.find(plan.entry->name, plan.language, key)) {
      context_.debug(str_cat(plan.entry->name, " ", plan.language, ": already finished"));
      return std::move(*finished);
    }
    CellWork work;
    const double begin = monotonic_seconds();
    const int64_t tokens = num_tokens();
    work.items = plan.entry->benchmark->score({plan.language, files, options_, services_, context_});
    work.seconds = monotonic_seconds() - begin;
    work.num_tokens = num_tokens() - tokens;
    store_.keep(plan.entry->name, plan.language, key, work);
    return work;
  }
  int64_t num_tokens() const { return services_.lm ? services_.lm->num_tokens_computed() : 0; }

  Json cell(const CellPlan& plan, Scoring mode, const TextScorer* scorer,
            const std::vector<ScoredItem>& items, const CellWork& work, const std::string& missing) {
    const std::string scoring = name_of(mode);
    Json json{{"benchmark", plan.entry->name},
              {"benchmark_version", plan.entry->benchmark->version()},
              {"language", plan.language},
              {"scoring", scoring}};
    if (scorer) {
      json["scorer"] = scorer->name();
      json["scorer_hash"] = scorer->hash();
    }
    const Rng rng = Rng(options_.seed)
                        .fork("bootstrap")
                        .fork(str_cat(plan.entry->name, "/", plan.language, "/", scoring));
    const auto specs = plan.entry->benchmark->metrics(mode);
    json.update(reduce_cell(specs, items, options_.bootstrap_samples, rng));
    json["headline"] = Json::array();
    for (const MetricSpec& spec : specs)
      if (spec.is_headline) json["headline"].push_back(spec.name);
    if (!missing.empty()) {
      json["reason"] = missing;
      json["unscored"][missing] = 0;  // how many items the language would have had is not known
      for (auto& [name, metric] : json["metrics"].items()) metric["reason"] = missing;
    }
    if (baseline_ && !items.empty()) add_changes(json, plan, scorer, specs, items, rng);
    json["seconds"] = work.seconds;
    json["num_tokens"] = work.num_tokens;
    return json;
  }

  // Why the baseline's items cannot be compared with this cell's, or nothing.
  std::string mismatch(const CellPlan& plan, const Json& cell) const {
    if (!fs::exists(items_file(options_.baseline, plan.entry->name, plan.language)))
      return "the baseline has no items";
    for (const Json& before : baseline_->value("cells", Json::array()))
      if (before.value("benchmark", "") == plan.entry->name && before.value("language", "") == plan.language)
        return before.value("benchmark_version", "") == cell.at("benchmark_version")
                   ? ""
                   : "the baseline was scored by another version of the benchmark";
    return "the baseline's report has no such cell";
  }

  // "change": before → after of every metric, on the items that both evaluations scored.
  void add_changes(Json& json, const CellPlan& plan, const TextScorer* scorer,
                   const std::vector<MetricSpec>& specs, const std::vector<ScoredItem>& items,
                   const Rng& rng) {
    if (const std::string reason = mismatch(plan, json); !reason.empty()) {
      json["change_reason"] = reason;
      return;
    }
    auto before = read_items(items_file(options_.baseline, plan.entry->name, plan.language));
    if (scorer) before = items_under(scorer->name(), before);
    Json changes = Json::object();
    for (const MetricSpec& spec : specs) {
      const PairedChange change =
          paired_change(spec, before, items, options_.bootstrap_samples, rng.fork(spec.name).fork("change"));
      changes[spec.name] = change.to_json();
      if (spec.is_headline)
        transfer_.add(plan.entry->name, json.at("scoring").get<std::string>(), spec, plan.language, change);
    }
    json["change"] = changes;
  }

  const EvalServices& services_;
  const EvalOptions& options_;
  const Context& context_;
  CellStore store_;
  std::optional<Json> baseline_;
  TransferSummary transfer_;
};

}  // namespace

EvalResult evaluate(const EvalServices& services, const EvalOptions& options, const Json& header,
                    const Context& context) {
  check_eval_options(options);
  make_folders(options.output);
  Evaluation evaluation(services, options, context);
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
  result.report_->update(header);
  (*result.report_)["cells"] = std::move(cells);
  (*result.report_)["errors"] = std::move(errors);
  if (!options.baseline.empty()) {
    Json transfer = evaluation.transfer();
    for (Json& row : transfer) name_subject(row, options.table);
    (*result.report_)["transfer"] = std::move(transfer);
  }
  write_file(fs::path(options.output) / "report.json", dump_json(*result.report_, 1) + "\n");
  return result;
}

}  // namespace xlt
