// SPDX-License-Identifier: Apache-2.0
#include "eval/cell_run.h"

#include "eval/completion_log.h"
#include "eval/scorer_faults.h"

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {

namespace {

// Of a cell that is being made, beside the stamps of finished ones.
fs::path log_file(const std::string& output, const CellPlan& plan, const std::string& completions_key) {
  return fs::path(output) / "cells" / plan.entry.name /
         str_cat(plan.language, "-", completions_key, ".jsonl");
}

}  // namespace

CellOutcome CellRun::run(const CellPlan& plan) {
  CellOutcome outcome;
  if (!plan.missing.empty()) {
    outcome.reason = plan.missing.text();
    return outcome;
  }
  const auto failed = [&](ErrorKind kind, const std::string& message) {
    outcome.reason = message;
    note_failure(plan, kind, message, outcome);
  };
  try {
    make_items(plan, outcome);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kInterrupted) throw;
    failed(error.kind(), error.what());
  } catch (const std::exception& error) {
    failed(ErrorKind::kInternal, error.what());
  }
  return outcome;
}

void CellRun::note_failure(const CellPlan& plan, ErrorKind kind, const std::string& message,
                           CellOutcome& outcome) const {
  outcome.failure = CellFailure{plan.entry.name, plan.language, name_of(kind), message};
  context_.warn(str_cat(plan.entry.name, " ", plan.language, ": ", message));
}

void CellRun::make_items(const CellPlan& plan, CellOutcome& outcome) {
  const std::string key = settings_.items_key(plan);
  if (auto finished = store_.find(plan.entry.name, plan.language, key)) {
    context_.debug(str_cat(plan.entry.name, " ", plan.language, ": already finished"));
    outcome.work = std::move(*finished);
    return;
  }
  const std::string completions_key = settings_.completions_key(plan);
  outcome.was_computed = true;
  outcome.work = scored(plan, completions_key);
  if (const std::string failure = take_out_failed_scorers(outcome.work.items); !failure.empty()) {
    // Not finished: what the others scored counts, and the same command asks the scorer again.
    store_.show(plan.entry.name, plan.language, outcome.work);
    return note_failure(plan, ErrorKind::kData, failure, outcome);
  }
  store_.keep(plan.entry.name, plan.language, key, plan.benchmark().uses().sampling ? completions_key : "",
              outcome.work);
  std::error_code code;
  fs::remove(log_file(options_.output, plan, completions_key), code);
}

CellWork CellRun::scored(const CellPlan& plan, const std::string& completions_key) {
  KeptCompletions kept;
  if (plan.benchmark().uses().sampling)
    kept = store_.completions(plan.entry.name, plan.language, completions_key);
  CompletionLog log(log_file(options_.output, plan, completions_key));
  EvalServices services = services_;
  std::optional<KeepingLanguageModel> keeping;
  if (services.lm) services.lm = &keeping.emplace(*services.lm, log);
  const auto num_tokens = [&] { return services_.lm ? services_.lm->num_tokens_computed() : 0; };
  CellWork work;
  const double begin = monotonic_seconds();
  const int64_t tokens = num_tokens() - log.num_tokens();
  work.items = plan.benchmark().score({plan.language, plan.files, options_, services, context_, &kept});
  work.seconds = monotonic_seconds() - begin;
  work.num_tokens = num_tokens() - tokens;
  return work;
}

}  // namespace xlt
