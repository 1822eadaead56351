// SPDX-License-Identifier: Apache-2.0
#include "xlt/stats/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "xlt/base/error.h"
#include "xlt/stats/descriptive.h"

namespace xlt {

namespace {

double exponential(double uniform) { return -std::log1p(-uniform); }

// Half an item's weight: gamma(½) is half the square of a normal.
double half_item(Rng& rng) {
  const double normal = rng.normal();
  return normal * normal / 2;
}

}  // namespace

BootstrapWeights::BootstrapWeights(const Rng& rng, std::span<const std::string> ids, int64_t draws)
    : size_(static_cast<int64_t>(ids.size())),
      draws_(draws),
      weights_(ids.size() * static_cast<size_t>(draws)) {
  const Rng items = rng.fork("item");
  for (int64_t i = 0; i < size_; ++i) {
    Rng item = items.fork(ids[i]);
    for (int64_t draw = 0; draw < draws; ++draw) weights_[draw * size_ + i] = exponential(item.uniform());
  }
}

std::vector<std::vector<double>> run_weights(const Rng& rng, int64_t runs, int64_t draws) {
  XLT_CHECK(runs > 0, runs);
  Rng numbers = rng.fork("run");
  const auto count = static_cast<double>(runs);
  // Dirichlet weights of n things spread their mean by s² (n − 1) / (n (n + 1)).
  const double stretch = runs > 1 ? std::sqrt((count + 1) / (count - 1)) : 0;
  std::vector<std::vector<double>> weights(draws, std::vector<double>(runs));
  for (std::vector<double>& draw : weights) {
    for (double& weight : draw) weight = exponential(numbers.uniform());
    const double sum = std::accumulate(draw.begin(), draw.end(), 0.0);
    for (double& weight : draw) weight = 1 / count + stretch * (weight / sum - 1 / count);
  }
  return weights;
}

void smooth(std::vector<double>& replicates, const BootstrapWeights& weights, Interval pseudo_items,
            const Rng& rng) {
  XLT_CHECK(static_cast<int64_t>(replicates.size()) == weights.draws(), replicates.size());
  Rng numbers = rng.fork("pseudo");
  for (int64_t draw = 0; draw < weights.draws(); ++draw) {
    const auto items = weights.of(draw);
    const double total = std::accumulate(items.begin(), items.end(), 0.0), low = half_item(numbers),
                 high = half_item(numbers);
    replicates[draw] =
        (replicates[draw] * total + low * pseudo_items.low + high * pseudo_items.high) / (total + low + high);
  }
}

std::optional<Interval> bootstrap_interval(std::vector<double> replicates, double estimate, double factor) {
  std::erase_if(replicates, [](double x) { return !std::isfinite(x); });
  if (replicates.size() < 2) return std::nullopt;
  std::sort(replicates.begin(), replicates.end());
  return Interval{estimate + (quantile_of(replicates, 0.025) - estimate) * factor,
                  estimate + (quantile_of(replicates, 0.975) - estimate) * factor};
}

double missing_spread(int64_t items) {
  XLT_CHECK(items > 1, items);
  const auto n = static_cast<double>(items);
  return std::sqrt((n + 1) / (n - 1));
}

}  // namespace xlt
