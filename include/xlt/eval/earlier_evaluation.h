// SPDX-License-Identifier: Apache-2.0
// What is settled before an evaluation begins: defaults that depend on other options, and whether its output
// folder holds another one.
#pragma once

#include <cstdint>

#include "xlt/base/json_fwd.h"
#include "xlt/eval/evaluate.h"

namespace xlt {

// SamplingOptions::num_samples of a model; 0, which stands for "not given", is 25, as published.
int64_t samples_of_model(const SamplingOptions& sampling);
// With num_samples decided where it is 0: samples_of_model, or with --completions as many as the item with
// the fewest has. Throws what reading those files throws (kIo, kData).
EvalOptions with_own_defaults(EvalOptions options);

// An evaluation may go on in a folder that holds it, and grow there: more benchmarks and languages, other
// scorers, statistics or a baseline. Throws kConfig, naming all that differs, where options.output holds
// items of another model, data or setting, or cells that this evaluation does not ask for. `header` as for
// evaluate; of it, "model" is read.
void check_earlier_evaluation(const EvalServices& services, const EvalOptions& options, const Json& header);

}  // namespace xlt
