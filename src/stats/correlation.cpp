// SPDX-License-Identifier: Apache-2.0
#include "xlt/stats/correlation.h"

#include <algorithm>
#include <cmath>

#include "xlt/base/error.h"
#include "xlt/stats/descriptive.h"
#include "xlt/stats/distribution.h"

namespace xlt {

namespace {

using Values = std::vector<double>;

double dot(const Values& a, const Values& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// As it is or as ranks, about its mean.
Values centred(std::span<const double> values, CorrelationKind kind) {
  Values result =
      kind == CorrelationKind::kSpearman ? ranks_of(values) : Values(values.begin(), values.end());
  const double mean = mean_of(result).value_or(0);
  for (double& value : result) value -= mean;
  return result;
}

// Takes from `values` what `direction` explains.
void subtract_projection(Values& values, const Values& direction) {
  const double length = dot(direction, direction);
  if (length == 0) return;
  const double slope = dot(values, direction) / length;
  for (size_t i = 0; i < values.size(); ++i) values[i] -= slope * direction[i];
}

// What is left of `values` after regression on orthogonal directions; all zero where nothing but rounding is.
Values residual(Values values, const std::vector<Values>& directions) {
  const double before = dot(values, values);
  for (int pass = 0; pass < 2; ++pass)  // twice: Gram–Schmidt loses digits once
    for (const Values& direction : directions) subtract_projection(values, direction);
  if (dot(values, values) <= 1e-20 * before) std::fill(values.begin(), values.end(), 0.0);
  return values;
}

}  // namespace

std::optional<Correlation> partial_correlation(std::span<const double> x, std::span<const double> y,
                                               const std::vector<std::vector<double>>& given,
                                               CorrelationKind kind) {
  XLT_CHECK(x.size() == y.size(), x.size(), " values against ", y.size());
  std::vector<Values> directions;
  for (const Values& variable : given) {
    XLT_CHECK(variable.size() == x.size(), variable.size(), " values against ", x.size());
    directions.push_back(residual(centred(variable, kind), directions));
  }
  const Values a = residual(centred(x, kind), directions), b = residual(centred(y, kind), directions);
  const double freedom = static_cast<double>(x.size()) - 2 - static_cast<double>(given.size());
  const double lengths = std::sqrt(dot(a, a) * dot(b, b));
  if (freedom < 1 || lengths == 0) return std::nullopt;
  const double r = std::clamp(dot(a, b) / lengths, -1.0, 1.0);
  const double t = r * std::sqrt(freedom / ((1 - r) * (1 + r)));  // infinite at ±1
  return Correlation{r, t_two_sided(t, freedom), freedom};
}

std::optional<Correlation> correlation(std::span<const double> x, std::span<const double> y,
                                       CorrelationKind kind) {
  return partial_correlation(x, y, {}, kind);
}

}  // namespace xlt
