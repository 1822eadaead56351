// SPDX-License-Identifier: Apache-2.0
// Loads a model and evaluates it.
#pragma once

#include "xlt/base/json_fwd.h"
#include "xlt/base/placement.h"
#include "xlt/eval/evaluate.h"
#include "xlt/run/model_choice.h"

namespace xlt {

class World;

// With --completions no model is loaded. Options are checked before the model is loaded. `config`: the
// resolved options, for the report. With several ranks (`world`; null: this process alone) each makes the
// items of its share of the cells, in a folder that all of them see, and rank 0 writes the report.
EvalResult run_evaluation(const ModelChoice& model, const EvalOptions& options, const Json& config,
                          const Placement& where, const Context& context, World* world = nullptr);
// --dry-run: what it would cost (estimate_evaluation). Loads the model, writes nothing.
Json estimate_evaluation_run(const ModelChoice& model, const EvalOptions& options, const Placement& where,
                             const Context& context);

}  // namespace xlt
