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
#include "xlt/eval/scorer.h"
#include "xlt/text/language_id.h"

namespace xlt {

namespace {

struct CellPlan {
  const Entry<Benchmark>* entry;
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
  for (const auto& entry : benchmarks()) {
    const bool wanted =
        std::any_of(options.benchmarks.begin(), options.benchmarks.end(),
                    [&](const std::string& name) { return name == "all" || name == entry.name; });
    if (!wanted) continue;
    for (const std::string& language : languages_of(*entry.make(), options))
      plan.push_back({&entry, language});
  }
  return plan;
}

std::vector<std::string> scorings(const EvalOptions& options) {
  return options.scoring == "both" ? std::vector<std::string>{"paper", "corrected"}
                                   : std::vector<std::string>{options.scoring};
}

// The word lists that were named, or those of the data folder, or nothing.
fs::path word_lists_of(const EvalOptions& options) {
  if (!options.word_lists.empty()) return options.word_lists;
  const fs::path bundled = fs::path(options.data) / "toxic_words";
  return fs::is_directory(bundled) ? bundled : fs::path();
}

// By content, so that an edited list is another list and a moved folder the same.
std::string hash_of_folder(const fs::path& folder) {
  std::map<std::string, std::string> hashes;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file())
      hashes[entry.path().lexically_relative(folder).string()] = sha256_of_file(entry.path());
  return sha256(dump_json(Json(hashes)));
}

class Evaluation {
 public:
  Evaluation(LanguageModel& lm, const EvalOptions& options, const std::string& model_key,
             const Context& context)
      : lm_(lm), options_(options), model_key_(model_key), context_(context), store_(options.output) {
    if (const fs::path lists = word_lists_of(options); !lists.empty()) {
      scorer_ = make_word_list_scorer(lists);
      content_keys_["word_lists"] = hash_of_folder(lists);
    }
    if (!options.lid.empty()) {
      identifier_ = load_language_identifier(options.lid);
      content_keys_["lid"] = sha256_of_file(options.lid);
    }
    if (!options.baseline.empty()) baseline_ = load_json(fs::path(options.baseline) / "report.json");
  }

  // Appends the cells of one benchmark in one language (one a scoring mode); a failure goes to `errors`.
  void run(const CellPlan& plan, Json& cells, Json& errors) {
    const auto benchmark = plan.entry->make();
    const fs::path file = benchmark->file(options_.data, plan.language);
    CellWork work;
    std::string missing;
    try {
      if (fs::is_regular_file(file)) {
        work = work_of(plan, *benchmark, file);
      } else {
        missing = "no data file " + file.lexically_relative(options_.data).string();
      }
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::kInterrupted) throw;
      missing = error.what();
      add_error(errors, plan, name_of(error.kind()), missing);
    } catch (const std::exception& error) {
      missing = error.what();
      add_error(errors, plan, name_of(ErrorKind::kInternal), missing);
    }
    for (const std::string& scoring : scorings(options_))
      cells.push_back(cell(plan, *benchmark, scoring, work, missing));
  }

  Json transfer() const { return transfer_.to_json(); }

 private:
  void add_error(Json& errors, const CellPlan& plan, const char* kind, const std::string& message) const {
    errors.push_back(Json{
        {"benchmark", plan.entry->name}, {"language", plan.language}, {"kind", kind}, {"message", message}});
    context_.warn(str_cat(plan.entry->name, " ", plan.language, ": ", message));
  }

  std::string content_key(const std::string& name) const {
    const auto content = content_keys_.find(name);
    return content == content_keys_.end() ? "" : content->second;
  }

  // Everything that determines a cell's items.
  std::string key_of(const CellPlan& plan, const Benchmark& benchmark, const fs::path& file) const {
    EvalOptions echo = options_;
    const Json options = dump_options(visit_of(echo));
    Json key{{"model", model_key_},           {"dtype", lm_.info().dtype},
             {"benchmark", plan.entry->name}, {"version", benchmark.version()},
             {"language", plan.language},     {"data", sha256_of_file(file)},
             {"limit", options_.limit}};
    for (const std::string& name : benchmark.depends_on()) {
      if (name == "seed") {
        key[name] = options_.seed;
      } else if (name == "lid") {
        key[name] = content_key(name);
      } else {
        key[name] = options.at(name);
      }
    }
    if (benchmark.uses_scorer()) key["word_lists"] = content_key("word_lists");
    for (const fs::path& other : benchmark.other_files(options_.data))
      key[other.filename().string()] = fs::is_regular_file(other) ? sha256_of_file(other) : "";
    return sha256(dump_json(key)).substr(0, 16);
  }

  CellWork work_of(const CellPlan& plan, const Benchmark& benchmark, const fs::path& file) {
    const std::string key = key_of(plan, benchmark, file);
    if (auto finished = store_.find(plan.entry->name, plan.language, key)) {
      context_.debug(str_cat(plan.entry->name, " ", plan.language, ": already finished"));
      return std::move(*finished);
    }
    CellWork work;
    const double begin = monotonic_seconds();
    const int64_t tokens = lm_.num_tokens_computed();
    work.items =
        benchmark.score(file, plan.language, {lm_, options_, scorer_.get(), identifier_.get(), context_});
    work.seconds = monotonic_seconds() - begin;
    work.num_tokens = lm_.num_tokens_computed() - tokens;
    store_.keep(plan.entry->name, plan.language, key, work);
    return work;
  }

  Json cell(const CellPlan& plan, const Benchmark& benchmark, const std::string& scoring,
            const CellWork& work, const std::string& missing) {
    Json json{{"benchmark", plan.entry->name},
              {"benchmark_version", benchmark.version()},
              {"language", plan.language},
              {"scoring", scoring}};
    if (scorer_ && benchmark.uses_scorer()) json["scorer"] = scorer_->name();
    const Rng rng = Rng(options_.seed)
                        .fork("bootstrap")
                        .fork(str_cat(plan.entry->name, "/", plan.language, "/", scoring));
    const auto specs = benchmark.metrics(scoring);
    json.update(reduce_cell(specs, work.items, options_.bootstrap_samples, rng));
    json["headline"] = Json::array();
    for (const MetricSpec& spec : specs)
      if (spec.is_headline) json["headline"].push_back(spec.name);
    if (!missing.empty()) {
      json["reason"] = missing;
      json["unscored"][missing] = 0;  // how many items the language would have had is not known
      for (auto& [name, metric] : json["metrics"].items()) metric["reason"] = missing;
    }
    if (baseline_ && !work.items.empty()) add_changes(json, plan, specs, work.items, rng);
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
  void add_changes(Json& json, const CellPlan& plan, const std::vector<MetricSpec>& specs,
                   const std::vector<ScoredItem>& items, const Rng& rng) {
    if (const std::string reason = mismatch(plan, json); !reason.empty()) {
      json["change_reason"] = reason;
      return;
    }
    const auto before = read_items(items_file(options_.baseline, plan.entry->name, plan.language));
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

  LanguageModel& lm_;
  const EvalOptions& options_;
  std::string model_key_;
  const Context& context_;
  CellStore store_;
  std::map<std::string, std::string> content_keys_;
  std::unique_ptr<TextScorer> scorer_;
  std::unique_ptr<LanguageIdentifier> identifier_;
  std::optional<Json> baseline_;
  TransferSummary transfer_;
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
  result.report_->update(header);
  (*result.report_)["cells"] = std::move(cells);
  (*result.report_)["errors"] = std::move(errors);
  if (!options.baseline.empty()) (*result.report_)["transfer"] = evaluation.transfer();
  write_file(fs::path(options.output) / "report.json", dump_json(*result.report_, 1) + "\n");
  return result;
}

}  // namespace xlt
