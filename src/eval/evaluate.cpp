// SPDX-License-Identifier: Apache-2.0
// Benchmarks × languages → cells → report.json.
#include "xlt/eval/evaluate.h"

#include "eval/baseline.h"
#include "eval/cell.h"
#include "eval/cell_run.h"
#include "eval/change.h"
#include "eval/evaluation_log.h"
#include "eval/panel.h"
#include "eval/scorer_cards.h"

#include "xlt/base/file.h"
#include "xlt/base/join.h"
#include "xlt/base/json.h"
#include "xlt/scorers/majority.h"
#include "xlt/scorers/score_cache.h"

namespace xlt {

namespace {

// What the summary in words calls a row of "transfer", where its benchmark has a name for it.
void name_subject(Json& row, const std::vector<NamedBenchmark>& benchmarks) {
  for (const NamedBenchmark& entry : benchmarks) {
    if (row.at("benchmark") != entry.name) continue;
    for (const SummarySubject& subject : entry.benchmark->summary())
      if (row.at("metric") == subject.metric) {
        row["subject"] = subject.name;
        row["is_cost"] = subject.is_cost;
      }
  }
}

// The scorers behind a memory of what they scored in this output folder; those that cost nothing as they are.
// With --panel-majority one more, which asks all of them.
class RememberedScorers {
 public:
  RememberedScorers(const EvalServices& services, const EvalOptions& options) : services_(services) {
    for (TextScorer*& scorer : services_.scorers) {
      if (!scorer->is_costly()) continue;
      caches_.push_back(std::make_unique<ScoreCache>(*scorer, fs::path(options.output) / "scores"));
      scorer = caches_.back().get();
    }
    if (!options.panel_majority || services_.scorers.size() < 2) return;
    majority_ = std::make_unique<MajorityScorer>(services_.scorers);
    services_.scorers.push_back(majority_.get());
  }
  const EvalServices& services() const { return services_; }

 private:
  EvalServices services_;
  std::vector<std::unique_ptr<ScoreCache>> caches_;
  std::unique_ptr<MajorityScorer> majority_;
};

class Evaluation {
 public:
  Evaluation(const EvalServices& services, const EvalOptions& options, const Json& header,
             const Context& context)
      : services_(services),
        options_(options),
        context_(context),
        settings_(options, services),
        run_(services, options, settings_, context),
        plan_(plan_cells(options)),
        cards_(options.card, services.scorers) {
    report_.header = header;
    if (!options.baseline.empty()) compare_with(options.baseline);
  }

  Report run() {
    write(ReportStatus::kRunning);
    EvaluationLog log(plan_, context_);
    try {
      for (const CellPlan& plan : plan_) {
        context_.throw_if_interrupted();
        log.begin(plan);
        const CellOutcome outcome = run_.run(plan);
        add_cells(plan, outcome);
        if (outcome.was_computed || is_time_to_write()) write(ReportStatus::kRunning);
        log.end(plan);
      }
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kInterrupted) throw;
      write(ReportStatus::kInterrupted);
      throw Error(ErrorKind::kInterrupted,
                  "interrupted; what was finished is kept, and the same command goes on from there");
    }
    log.finish(static_cast<int64_t>(report_.failures.size()));
    if (baseline_) add_transfer();
    write(report_.failures.empty() ? ReportStatus::kDone : ReportStatus::kFailedCells);
    return std::move(report_);
  }

 private:
  // Refuses before anything runs.
  void compare_with(const fs::path& folder) {
    baseline_.emplace(folder);
    std::vector<Cell> cells;
    for (const CellPlan& plan : plan_)
      if (plan.missing.empty())
        for (const Scoring scoring : scorings(options_))
          for (const TextScorer* scorer : scorers_of(plan.benchmark(), services_))
            cells.push_back(named_cell(plan, scoring, scorer));
    report_.allowed = baseline_->check(cells, options_.allow);
  }

  // Who it is and what decides it, before anything is measured.
  Cell named_cell(const CellPlan& plan, Scoring scoring, const TextScorer* scorer) {
    Cell cell{plan.entry.name, plan.language, scoring};
    cell.note = plan.benchmark().note(plan.language);
    if (scorer) {
      cell.scorer = scorer->name();
      cell.scorer_hash = scorer->hash();
      if (const std::string note = scorer->note(cell.language); !note.empty())
        append_item(cell.note, note, "; ");
      cell.card = cards_.of(cell.scorer_hash, cell.language);
    }
    cell.settings = settings_.of(plan, scorer);
    return cell;
  }

  void add_cells(const CellPlan& plan, const CellOutcome& outcome) {
    if (outcome.failure) report_.failures.push_back(*outcome.failure);
    if (services_.scorers.size() > 1 && plan.benchmark().uses().scorers) add_panel(plan, outcome.work.items);
    for (const TextScorer* scorer : scorers_of(plan.benchmark(), services_)) {
      const auto items = scorer ? items_under(scorer->name(), outcome.work.items) : outcome.work.items;
      for (const Scoring scoring : scorings(options_)) {
        Cell cell = named_cell(plan, scoring, scorer);
        measure(cell, plan, outcome, items);
        report_.cells.push_back(std::move(cell));
      }
    }
  }

  void measure(Cell& cell, const CellPlan& plan, const CellOutcome& outcome,
               const std::vector<ScoredItem>& items) {
    const Rng rng = Rng(options_.seed)
                        .fork("bootstrap")
                        .fork(str_cat(cell.benchmark, "/", cell.language, "/", name_of(cell.scoring)));
    const auto specs = plan.benchmark().metrics(cell.scoring, options_);
    cell.measures = reduce_cell(specs, items, options_.bootstrap_samples, rng);
    for (const MetricSpec& spec : specs) {
      if (spec.is_headline) cell.headline.push_back(spec.name);
      cell.measures["metrics"][spec.name]["unscored"] = std::count_if(
          items.begin(), items.end(), [&](const ScoredItem& item) { return !has_ratio(spec, item); });
    }
    cell.reason = outcome.reason;
    if (!cell.reason.empty()) {
      cell.measures["unscored"][cell.reason] = 0;  // how many items there would have been is not known
      for (auto& [name, metric] : cell.measures["metrics"].items()) metric["reason"] = cell.reason;
    }
    cell.seconds = outcome.work.seconds;
    cell.num_tokens = outcome.work.num_tokens;
    if (baseline_ && !items.empty()) add_changes(cell, specs, items, rng);
  }

  void add_panel(const CellPlan& plan, const std::vector<ScoredItem>& items) {
    coverage_.add(plan.language, items);
    report_.coverage = coverage_.to_json();
    if (report_.panel.is_null()) report_.panel = Json::array();
    std::vector<std::string> names;
    for (const TextScorer* scorer : services_.scorers)
      if (scorer->name() != kMajorityName) names.push_back(scorer->name());
    const Rng rng = Rng(options_.seed).fork("panel").fork(plan.entry.name);
    Json row{{"benchmark", plan.entry.name}, {"language", plan.language}};
    row.update(panel_of(items, names, options_.bootstrap_samples, rng));
    report_.panel.push_back(std::move(row));
  }

  // Before → after of every metric, on the items that both evaluations scored.
  void add_changes(Cell& cell, const std::vector<MetricSpec>& specs, const std::vector<ScoredItem>& items,
                   const Rng& rng) {
    cell.change_reason = baseline_->why_not(cell);
    if (!cell.change_reason.empty()) return;
    const auto before = baseline_->items(cell);
    cell.change = Json::object();
    for (const MetricSpec& spec : specs) {
      const PairedChange change =
          paired_change(spec, before, items, options_.bootstrap_samples, rng.fork(spec.name).fork("change"));
      cell.change[spec.name] = change.to_json();
      if (spec.is_headline)
        transfer_.add({cell.benchmark, name_of(cell.scoring), cell.scorer}, spec, cell.language, change);
    }
  }

  void add_transfer() {
    Json rows = transfer_.to_json();
    for (Json& row : rows) name_subject(row, options_.table);
    report_.transfer = std::move(rows);
  }

  // Cells taken from an earlier run come too fast to write each of them.
  bool is_time_to_write() const { return monotonic_seconds() - written_at_ > 1; }
  void write(ReportStatus status) {
    report_.status = status;
    write_file(fs::path(options_.output) / "report.json", dump_json(report_.to_json(), 1) + "\n");
    written_at_ = monotonic_seconds();
  }

  const EvalServices& services_;
  const EvalOptions& options_;
  const Context& context_;
  CellSettings settings_;
  CellRun run_;
  std::vector<CellPlan> plan_;
  ScorerCards cards_;
  std::optional<Baseline> baseline_;
  TransferSummary transfer_;
  Coverage coverage_;
  Report report_;
  double written_at_ = 0;
};

}  // namespace

EvalResult evaluate(const EvalServices& services, const EvalOptions& options, const Json& header,
                    const Context& context) {
  check_eval_options(options);
  make_folders(options.output);
  const RememberedScorers remembered(services, options);
  const Report report = Evaluation(remembered.services(), options, header, context).run();
  return {std::make_shared<Json>(report.to_json()), static_cast<int64_t>(report.failures.size())};
}

}  // namespace xlt
