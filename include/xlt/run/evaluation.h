// SPDX-License-Identifier: Apache-2.0
// `xlt eval` around its models: services, header of the report, lock of the folder. Knows no tensor library;
// who loads models for it is handed in (xlt/run/eval_run.h), or is not there, where completions are judged.
#pragma once

#include <memory>

#include "xlt/base/context.h"
#include "xlt/base/json_fwd.h"
#include "xlt/base/placement.h"
#include "xlt/eval/evaluate.h"

namespace xlt {

class ScorerModels;
class World;
struct ModelChoice;

// Throws kUsage where neither a model nor --completions was given, or both, or with --completions what only a
// model heeds.
void check_what_is_judged(const ModelChoice& model, const EvalOptions& options);

// Whoever can load what an evaluation asks.
class EvalModels {
 public:
  virtual ~EvalModels() = default;
  // Throws kUsage where there is no model to evaluate, or one where none is asked. Loads nothing.
  virtual void check(const EvalOptions& options) const = 0;
  // For scorers that ask a model.
  virtual std::unique_ptr<ScorerModels> scorer_models(const Context& context) = 0;
  // Loads the evaluated model, and those that judge with it, and names them in `services`; they live as long
  // as this. Returns what the report's header says of the model. Not called where --completions are judged.
  virtual Json load(EvalServices& services, const EvalOptions& options, const Context& context) = 0;
  // Several ranks: rank 0 evaluates, the others answer what it asks of models, until it lets them go.
  virtual void answer() = 0;
  virtual void release() = 0;
  // What computed, for the report's header (environment_record, xlt/run/environment.h).
  virtual Json environment() const = 0;
};

// Options are checked before anything is loaded. `config`: the resolved options, for the report. All ranks of
// `world` call it; the report is rank 0's, an Error everybody's.
EvalResult run_evaluation_with(EvalModels& models, const EvalOptions& options, const Json& config,
                               const Context& context, World& world);
// --dry-run: what it would cost (estimate_evaluation). Loads the model, writes nothing.
Json estimate_evaluation_with(EvalModels& models, const EvalOptions& options, const Context& context);

}  // namespace xlt
