// SPDX-License-Identifier: Apache-2.0
// Declarations of make_<name>_scorer, from scorers.def. Each is given what stood behind its kind; see
// make_scorer for what it may throw.
#pragma once

#include "xlt/scorers/scorer.h"

namespace xlt {

#define X(name, what) \
  std::unique_ptr<TextScorer> make_##name##_scorer(const ScorerSpec&, const ScorerServices&);
#include "scorers/scorers.def"
#undef X

}  // namespace xlt
