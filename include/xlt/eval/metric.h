// SPDX-License-Identifier: Apache-2.0
// A metric: a named function of sums of ratios over items. It says all that is needed to compute it, so that
// a report and its items can be reduced again without the benchmark that made them.
//
//   MetricSpec share = headline(ratio_metric("toxic_fraction", "corrected.share", false));
//   MetricSpec bits = headline(unbounded(ratio_metric("bits_per_byte", "bits", false)));
//   MetricSpec ss = with_ideal(ratio_metric("ss", "corrected.ss", std::nullopt, 100), 50);
//
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "xlt/base/json_fwd.h"

namespace xlt {

// An item's share in a metric: the metric is a function of Σ numerator and Σ denominator over items.
struct Ratio {
  double numerator = 0, denominator = 0;
};

// One row of src/eval/formulas.def: Σ of each named ratio over items → the metric; NaN: undefined. Of an
// order statistic, which sums say nothing of, `of_items` instead: of each item's one ratio, with weights
// (none: all 1).
struct Formula {
  const char* kind;
  double (*combine)(std::span<const Ratio> sums, double scale) = nullptr;
  double (*of_items)(std::span<const Ratio> items, std::span<const double> weights, double scale) = nullptr;
};
// Throws kUsage for a name that is not in the table.
const Formula* find_formula(const std::string& kind);

struct MetricSpec {
  std::string name;
  std::optional<bool> higher_is_better;  // nothing: an ideal in the middle (pct_stereotype: 50)
  std::vector<std::string> ratios;
  const Formula* formula = find_formula("ratio");
  double scale = 1;             // 100: percent
  bool is_headline = false;     // shown in the table
  bool is_bounded = true;       // 0 ≤ numerator ≤ denominator in every item; intervals rely on it
  std::optional<double> ideal;  // neither high nor low is best, but this

  // Whether sums are all that is needed; else value_of alone computes the metric.
  bool is_of_sums() const { return formula->combine != nullptr; }
  // The metric of the sums of `ratios`, in their order; NaN: undefined.
  double combine(std::span<const Ratio> sums) const { return formula->combine(sums, scale); }
};

// scale · Σ numerator / Σ denominator, bounded: a share, or a mean of scores from 0 to 1.
MetricSpec ratio_metric(std::string name, std::string ratio, std::optional<bool> higher_is_better,
                        double scale = 1);
// The same metric, shown in the table · with another formula · of items without bounds, such as bits · with
// an ideal.
MetricSpec headline(MetricSpec spec);
MetricSpec with_formula(MetricSpec spec, const std::string& kind);
MetricSpec unbounded(MetricSpec spec);
MetricSpec with_ideal(MetricSpec spec, double ideal);

// What a report says of a metric: {"higher_is_better", "formula": {"kind", "ratios", "scale", "bounded"},
// "ideal"?}; and back. Throws kData naming `where` for a metric without a formula, or with one that is not
// known here.
Json metric_to_json(const MetricSpec& spec);
MetricSpec metric_from_json(const std::string& name, const Json& json, const std::string& where);

}  // namespace xlt
