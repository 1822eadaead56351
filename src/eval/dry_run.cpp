// SPDX-License-Identifier: Apache-2.0
// What an evaluation would cost, cell by cell: every benchmark runs as it would, but models and costly
// scorers answer samples (sampled_models.h). What else a cell does (reading, judging languages, intervals) is
// done in full and timed.
#include "eval/cell.h"
#include "eval/cell_run.h"
#include "eval/evaluation_log.h"
#include "eval/sampled_models.h"

#include <memory>
#include <optional>

#include <sys/resource.h>

#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/eval/evaluate.h"
#include "xlt/scorers/score_cache.h"

namespace xlt {

namespace {

// The services, with samples in place of what costs.
class SampledServices {
 public:
  // `known`: the folder with scores of an earlier run, which cost nothing now; empty: none.
  SampledServices(const EvalServices& services, const fs::path& known) : services_(services) {
    if (services.lm) services_.lm = (lm_ = std::make_unique<SampledLanguageModel>(*services.lm, cost)).get();
    if (services.judge)
      services_.judge = (judge_ = std::make_unique<SampledLanguageModel>(*services.judge, cost)).get();
    if (services.seq2seq)
      services_.seq2seq = (seq2seq_ = std::make_unique<SampledSeq2Seq>(*services.seq2seq, cost)).get();
    for (TextScorer*& scorer : services_.scorers) {
      if (!scorer->is_costly()) continue;
      scorers_.push_back(std::make_unique<SampledScorer>(*scorer, cost));
      scorer = scorers_.back().get();
      if (known.empty()) continue;
      caches_.push_back(std::make_unique<ScoreCache>(*scorer, known, ScoreCache::Use::kLookUp));
      scorer = caches_.back().get();
    }
  }
  const EvalServices& services() const { return services_; }
  SampledCost cost;

 private:
  EvalServices services_;
  std::unique_ptr<SampledLanguageModel> lm_, judge_;
  std::unique_ptr<SampledSeq2Seq> seq2seq_;
  std::vector<std::unique_ptr<SampledScorer>> scorers_;
  std::vector<std::unique_ptr<ScoreCache>> caches_;
};

// The most memory that the process held so far.
int64_t peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;
}

class DryRun {
 public:
  DryRun(const EvalServices& services, const EvalOptions& options, const Context& context)
      : options_(options),
        context_(context),
        sampled_(services, options.output.empty() ? fs::path() : fs::path(options.output) / "scores"),
        settings_(options, services) {
    if (!options.output.empty()) store_.emplace(options.output);
  }

  Json run() {
    const auto plan = plan_cells(options_);
    EvaluationLog log(plan, context_);
    Json cells = Json::array();
    for (const CellPlan& cell : plan) {
      context_.throw_if_interrupted();
      log.begin(cell);
      cells.push_back(estimate(cell));
      log.end(cell);
    }
    return {{"cells", cells}, {"totals", totals_of(cells)}};
  }

 private:
  Json estimate(const CellPlan& plan) {
    Json row{{"benchmark", plan.entry.name},
             {"language", plan.language},
             {"state", "missing"},
             {"n_items", 0},
             {"num_tokens", 0},
             {"seconds", 0.0},
             {"measured_seconds", 0.0},
             {"memory_bytes", Json()}};
    if (!plan.missing.empty()) {
      row["state"] = "no data";
      row["reason"] = plan.missing.text();
      return row;
    }
    try {
      const auto done =
          store_ ? store_->find(plan.entry.name, plan.language, settings_.items_key(plan)) : std::nullopt;
      if (done) {
        row["state"] = "done";
        row["n_items"] = done->items.size();
        return row;
      }
      measure(plan, row);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::kInterrupted) throw;
      row["state"] = "failed";
      row["reason"] = error.what();
    } catch (const std::exception& error) {  // of memory, or of a library: the other cells can be reckoned
      row["state"] = "failed";
      row["reason"] = error.what();
    }
    return row;
  }

  void measure(const CellPlan& plan, Json& row) {
    SampledCost& cost = sampled_.cost;
    cost = {};
    const double begun = monotonic_seconds();
    KeptCompletions kept;  // another scorer's, say
    if (store_ && plan.benchmark().uses().sampling)
      kept = store_->completions(plan.entry.name, plan.language, settings_.completions_key(plan));
    const auto items =
        plan.benchmark().score({plan.language, plan.files, options_, sampled_.services(), context_, &kept});
    for (const TextScorer* scorer : scorers_of(plan.benchmark(), sampled_.services())) {
      const auto seen = scorer ? items_under(scorer->name(), items) : items;
      for (const Scoring scoring : scorings(options_))
        reduce_cell(plan.benchmark().metrics(scoring, options_), seen, options_.bootstrap_samples,
                    Rng(options_.seed));
    }
    const double wall = monotonic_seconds() - begun;
    row["n_items"] = items.size();
    row["num_tokens"] = static_cast<int64_t>(cost.tokens);
    row["seconds"] = cost.seconds + std::max(0.0, wall - cost.measured);
    row["measured_seconds"] = cost.measured;
    row["memory_bytes"] = peak_memory();
  }

  static Json totals_of(const Json& cells) {
    int64_t tokens = 0;
    double seconds = 0, measured = 0;
    for (const Json& cell : cells) {
      tokens += cell.at("num_tokens").get<int64_t>();
      seconds += cell.at("seconds").get<double>();
      measured += cell.at("measured_seconds").get<double>();
    }
    return {{"num_tokens", tokens},
            {"seconds", seconds},
            {"measured_seconds", measured},
            {"memory_bytes", peak_memory()}};
  }

  const EvalOptions& options_;
  const Context& context_;
  SampledServices sampled_;
  CellSettings settings_;
  std::optional<CellStore> store_;  // of an output folder, where one was named
};

}  // namespace

Json estimate_evaluation(const EvalServices& services, const EvalOptions& options, const Context& context) {
  check_eval_options(options);
  return DryRun(services, options, context).run();
}

}  // namespace xlt
