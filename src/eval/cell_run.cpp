// SPDX-License-Identifier: Apache-2.0
#include "eval/cell_run.h"

#include "xlt/base/error.h"

namespace xlt {

CellOutcome CellRun::run(const CellPlan& plan) {
  CellOutcome outcome;
  if (!plan.missing.empty()) {
    outcome.reason = plan.missing.text();
    return outcome;
  }
  const auto failed = [&](ErrorKind kind, const std::string& message) {
    outcome.reason = message;
    outcome.failure = CellFailure{plan.entry.name, plan.language, name_of(kind), message};
    context_.warn(str_cat(plan.entry.name, " ", plan.language, ": ", message));
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

void CellRun::make_items(const CellPlan& plan, CellOutcome& outcome) {
  const std::string key = settings_.items_key(plan);
  if (auto finished = store_.find(plan.entry.name, plan.language, key)) {
    context_.debug(str_cat(plan.entry.name, " ", plan.language, ": already finished"));
    outcome.work = std::move(*finished);
    return;
  }
  const std::string completions_key =
      plan.benchmark().uses().sampling ? settings_.completions_key(plan) : std::string();
  outcome.was_computed = true;
  outcome.work = scored(plan, completions_key);
  store_.keep(plan.entry.name, plan.language, key, completions_key, outcome.work);
}

CellWork CellRun::scored(const CellPlan& plan, const std::string& completions_key) {
  KeptCompletions kept;
  if (!completions_key.empty()) kept = store_.completions(plan.entry.name, plan.language, completions_key);
  const auto num_tokens = [&] { return services_.lm ? services_.lm->num_tokens_computed() : 0; };
  CellWork work;
  const double begin = monotonic_seconds();
  const int64_t tokens = num_tokens();
  work.items = plan.benchmark().score({plan.language, plan.files, options_, services_, context_, &kept});
  work.seconds = monotonic_seconds() - begin;
  work.num_tokens = num_tokens() - tokens;
  return work;
}

}  // namespace xlt
