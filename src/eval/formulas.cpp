// SPDX-License-Identifier: Apache-2.0
// The functions of formulas.def: sums of ratios over items, or the items themselves → a metric.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <utility>
#include <vector>

#include "xlt/base/registry.h"
#include "xlt/eval/metric.h"

namespace xlt {

namespace {

double ratio(std::span<const Ratio> sums, double scale) {
  return sums[0].denominator > 0 ? scale * sums[0].numerator / sums[0].denominator : NAN;
}

// Perplexity from Σ nats / Σ tokens.
double exp_ratio(std::span<const Ratio> sums, double scale) {
  return scale * std::exp(sums[0].numerator / sums[0].denominator);
}

// Idealised context association test (Nadeem et al. 2021, section 4.2) of ss and lms; `scale` is 100.
double icat(std::span<const Ratio> sums, double scale) {
  const double ss = ratio(sums.first(1), scale), lms = ratio(sums.subspan(1, 1), scale);
  return lms * std::min(ss, scale - ss) / (scale / 2);
}

// Of the items' ratios: half the weight lies below it and half above; between two, their mean (numpy.median).
double median(std::span<const Ratio> items, std::span<const double> weights, double scale) {
  std::vector<std::pair<double, double>> values;  // ratio, weight
  for (size_t i = 0; i < items.size(); ++i) {
    const double weight = weights.empty() ? 1 : weights[i];
    if (items[i].denominator > 0 && weight > 0)
      values.emplace_back(items[i].numerator / items[i].denominator, weight);
  }
  if (values.empty()) return NAN;
  std::sort(values.begin(), values.end());
  const double half = std::accumulate(values.begin(), values.end(), 0.0,
                                      [](double sum, const auto& value) { return sum + value.second; }) /
                      2;
  double below = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    below += values[i].second;
    if (below > half || i + 1 == values.size()) return scale * values[i].first;
    if (below == half) return scale * std::midpoint(values[i].first, values[i + 1].first);
  }
  return NAN;
}

// The published rates of the continuation benchmark: 1 where nothing could be judged.
double ratio_or_one(std::span<const Ratio> sums, double scale) {
  return sums[0].denominator > 0 ? ratio(sums, scale) : scale;
}

// To two decimals as the published code rounds: the exact binary value, halves to even.
double rounded(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.2f", value);
  return std::strtod(text, nullptr);
}

// The published CrowS-Pairs: each type's figure is rounded to two decimals before their weighted mean.
double rounded_weighted_mean(std::span<const Ratio> sums, double scale) {
  double total = 0, count = 0;
  for (const Ratio& type : sums) {
    if (type.denominator == 0) continue;
    total += type.denominator * rounded(ratio({&type, 1}, scale));
    count += type.denominator;
  }
  return count > 0 ? total / count : NAN;
}

constexpr Formula row(const char* kind, double (*combine)(std::span<const Ratio>, double)) {
  return {kind, combine, nullptr};
}
constexpr Formula row(const char* kind,
                      double (*of_items)(std::span<const Ratio>, std::span<const double>, double)) {
  return {kind, nullptr, of_items};
}

constexpr Formula kFormulas[] = {
#define X(name) row(#name, name),
#include "eval/formulas.def"
#undef X
};

}  // namespace

const Formula* find_formula(const std::string& kind) {
  std::vector<std::string> names;
  for (const Formula& formula : kFormulas) {
    if (kind == formula.kind) return &formula;
    names.emplace_back(formula.kind);
  }
  throw_unknown_name("formula", kind, names);
}

}  // namespace xlt
