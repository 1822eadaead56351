// SPDX-License-Identifier: Apache-2.0
// Before → after of one metric, on the items that every run measured: in one language, or as the mean over
// several, each counted once. Items of one id are translations of each other: they weigh the same in every
// draw, and are exchanged together.
//
//   const PairedItems fr = pair_items({{base}}, {{seed_1, seed_2}});
//   const ChangeEstimate change = estimate_change(spec, {{fr}}, 2000, rng);
//   const double p = change_p_value(spec, {{fr}}, 10000, rng)->p_value;
//
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "xlt/base/rng.h"
#include "xlt/eval/ratio_table.h"
#include "xlt/stats/interval.h"
#include "xlt/stats/permutation.h"

namespace xlt {

// One language. Every table has the same ids in the same order.
struct PairedItems {
  std::vector<RatioTable> before, after;  // a run each: the seeds of a side
  int64_t num_items() const { return before.empty() ? 0 : before[0].num_items(); }
};
// The items that are in every table, in the order of the first. Both sides have a run.
PairedItems pair_items(std::span<const RatioTable> before, std::span<const RatioTable> after);

struct ChangeEstimate {
  int64_t num_items = 0;  // over languages; 0: nothing else is set
  int64_t num_ids = 0;
  double before = 0, after = 0;  // means over languages and runs; NaN: undefined
  // Of after − before: items and, where a side has several, runs are drawn (two levels). Student's t, with
  // Satterthwaite's (1946) degrees of freedom, stands for how well each level's spread is known: three runs
  // say little of it. A bounded metric whose items all stayed as they were has ± unseen_share(num_ids).
  std::optional<Interval> ci95;
  std::optional<double> standard_error;  // jackknife over ids, and the spread of runs; nothing where it is 0
};
// Every language has items, and a defined value in every run. `rng` alone determines the draws.
ChangeEstimate estimate_change(const MetricSpec& spec, std::span<const PairedItems> languages,
                               int64_t num_resamples, const Rng& rng);

// Two-sided, of no change: sign flips of each id's change where the metric is a mean over items (all
// denominators of a language are equal), averaged over runs and languages; for any other metric before and
// after of an id are exchanged, in every pair of runs and every language, and the metric is computed again.
std::optional<PermutationResult> change_p_value(const MetricSpec& spec,
                                                std::span<const PairedItems> languages,
                                                int64_t num_permutations, const Rng& rng);

}  // namespace xlt
