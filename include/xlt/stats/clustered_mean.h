// SPDX-License-Identifier: Apache-2.0
// The mean of judgements that share items and share raters: two judgements of one item are alike, and so are
// two by one rater.
//
//   const auto rate = clustered_mean(values, items, raters);
//   if (rate) Interval ci95 = share_interval(*rate);            // of values from 0 to 1
//
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "xlt/stats/interval.h"

namespace xlt {

struct ClusteredMean {
  double value;
  // With clusters of one kind, each with G / (G − 1): items, raters, and single judgements (an item by a
  // rater). 0 where there is one cluster only.
  double item_error, rater_error, pair_error;
  // √(item² + what raters add to it), where raters add max(0, rater² − pair²): the two-way variance of
  // Cameron, Gelbach & Miller (2011), which is never below that of the items.
  double std_error;
  double degrees_of_freedom;  // Satterthwaite's, of items and raters
  int64_t judgements, num_items, num_raters;
};
// `items` and `raters` are numbers of clusters, one a value. Nothing for fewer than two items. With one rater
// the spread is that of the items, and says nothing of other raters.
std::optional<ClusteredMean> clustered_mean(std::span<const double> values, std::span<const int64_t> items,
                                            std::span<const int64_t> raters);

// 95 %, Student's t.
Interval mean_interval(const ClusteredMean& mean);
// 95 % of a mean of values from 0 to 1: share_interval of as many trials as would spread so far, less what
// few clusters cost (Korn & Graubard 1998). Where the values do not spread at all: as many trials as items.
Interval share_interval(const ClusteredMean& mean);

}  // namespace xlt
