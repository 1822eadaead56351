// SPDX-License-Identifier: Apache-2.0
// Models for scorers, where the evaluation runs.
#pragma once

#include <memory>

#include "xlt/base/context.h"
#include "xlt/base/placement.h"
#include "xlt/scorers/scorer.h"

namespace xlt {

class RankedModels;

// `ranks`: who shares their models; null: this process alone.
std::unique_ptr<ScorerModels> make_scorer_models(const Placement& where, const Context& context,
                                                 RankedModels* ranks = nullptr);

}  // namespace xlt
