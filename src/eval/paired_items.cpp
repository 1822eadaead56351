// SPDX-License-Identifier: Apache-2.0
#include "xlt/eval/paired_items.h"

#include "eval/pooled_items.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "xlt/base/error.h"
#include "xlt/stats/bootstrap.h"
#include "xlt/stats/descriptive.h"

namespace xlt {

namespace {

RatioTable rows_of(const RatioTable& table, const std::vector<std::string>& ids) {
  std::map<std::string, int64_t> place;
  for (int64_t item = 0; item < table.num_items(); ++item) place[table.ids[item]] = item;
  RatioTable result{ids, {}};
  for (const std::string& id : ids) {
    const auto row = table.row(place.at(id));
    result.cells.insert(result.cells.end(), row.begin(), row.end());
  }
  return result;
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// The metric of each run, mean over languages.
using RunValues = std::vector<double>;
RunValues& operator+=(RunValues& sum, const RunValues& values) {
  for (size_t i = 0; i < sum.size(); ++i) sum[i] += values[i];
  return sum;
}

class ChangeOf {
 public:
  ChangeOf(const MetricSpec& spec, const PooledItems& pooled) : spec_(spec), pooled_(pooled) {
    before_.assign(pooled.languages[0].before.size(), 0);
    after_.assign(pooled.languages[0].after.size(), 0);
    for (const PairedItems& language : pooled.languages) {
      before_ += values_of(language.before, {});
      after_ += values_of(language.after, {});
    }
    for (double& value : before_) value /= num_languages();
    for (double& value : after_) value /= num_languages();
  }

  double before() const { return mean(before_); }
  double after() const { return mean(after_); }

  // The change under weights of ids, and of runs.
  double replicate(std::span<const double> ids, std::span<const double> before_runs,
                   std::span<const double> after_runs) const {
    double sum = 0;
    std::vector<double> weights;
    for (size_t l = 0; l < pooled_.languages.size(); ++l) {
      weights.clear();
      for (size_t place : pooled_.places[l]) weights.push_back(ids[place]);
      const RunValues before = values_of(pooled_.languages[l].before, weights),
                      after = values_of(pooled_.languages[l].after, weights);
      sum += std::inner_product(after.begin(), after.end(), after_runs.begin(), 0.0) -
             std::inner_product(before.begin(), before.end(), before_runs.begin(), 0.0);
    }
    return sum / num_languages();
  }

  // (n − 1) / n · Σ (change without an id − their mean)²
  double jackknife_variance() const {
    std::vector<double> changes(pooled_.ids.size(), after() - before());
    for (size_t l = 0; l < pooled_.languages.size(); ++l) {
      const PairedItems& language = pooled_.languages[l];
      add_without(language.after, pooled_.places[l], 1, changes);
      add_without(language.before, pooled_.places[l], -1, changes);
    }
    const double centre = mean(changes), n = static_cast<double>(changes.size());
    double squares = 0;
    for (double change : changes) squares += (change - centre) * (change - centre);
    return squares * (n - 1) / n;
  }

  // Variance of the mean over runs, with its degrees of freedom; 0 for one run.
  static double run_variance(const RunValues& runs) {
    const auto sd = sd_of(runs);
    return sd ? *sd * *sd / static_cast<double>(runs.size()) : 0;
  }
  const RunValues& before_runs() const { return before_; }
  const RunValues& after_runs() const { return after_; }

 private:
  double num_languages() const { return static_cast<double>(pooled_.languages.size()); }
  RunValues values_of(const std::vector<RatioTable>& runs, std::span<const double> weights) const {
    RunValues values;
    for (const RatioTable& run : runs) values.push_back(value_of(spec_, run, weights));
    return values;
  }
  // To each id's change: sign · (what its language's value becomes without it − what it is).
  void add_without(const std::vector<RatioTable>& runs, const std::vector<size_t>& places, double sign,
                   std::vector<double>& changes) const {
    const double share = sign / (static_cast<double>(runs.size()) * num_languages());
    for (const RatioTable& run : runs) {
      if (!spec_.is_of_sums()) {
        add_without_weight(run, places, share, changes);
        continue;
      }
      const auto sums = sums_of(spec_, run);
      const double value = spec_.combine(sums);
      auto rest = sums;
      for (int64_t item = 0; item < run.num_items(); ++item) {
        const auto row = run.row(item);
        for (size_t r = 0; r < rest.size(); ++r)
          rest[r] = {sums[r].numerator - row[r].numerator, sums[r].denominator - row[r].denominator};
        const double without = spec_.combine(rest);
        if (std::isfinite(without)) changes[places[item]] += share * (without - value);
      }
    }
  }

  // The same of an order statistic: each item in turn weighs nothing.
  void add_without_weight(const RatioTable& run, const std::vector<size_t>& places, double share,
                          std::vector<double>& changes) const {
    const double value = value_of(spec_, run);
    std::vector<double> weights(run.ids.size(), 1);
    for (size_t item = 0; item < weights.size(); ++item) {
      weights[item] = 0;
      const double without = value_of(spec_, run, weights);
      weights[item] = 1;
      if (std::isfinite(without)) changes[places[item]] += share * (without - value);
    }
  }

  const MetricSpec& spec_;
  const PooledItems& pooled_;
  RunValues before_, after_;
};

// Satterthwaite's degrees of freedom of a sum of variances.
struct Variances {
  double total = 0, weighted = 0;
  void add(double variance, int64_t degrees_of_freedom) {
    total += variance;
    if (variance > 0) weighted += variance * variance / static_cast<double>(degrees_of_freedom);
  }
  double degrees_of_freedom(int64_t otherwise) const {
    return weighted > 0 ? total * total / weighted : static_cast<double>(otherwise);
  }
};

// How far an item that nobody saw may have moved, in units of the ratio: the farthest that one did, and on
// towards the bound the fewer moved at all. 1: as far as the bounds allow.
double unseen_change(const MetricSpec& spec, const PooledItems& pooled, int64_t num_moved) {
  if (!is_single_ratio(spec)) return 1;
  double farthest = 0;
  for (double change : changes_by_id(pooled)) farthest = std::max(farthest, std::abs(change));
  farthest = std::min(farthest, 1.0);
  return farthest + (1 - farthest) / static_cast<double>(1 + num_moved);
}

bool all_keep_bounds(const MetricSpec& spec, std::span<const PairedItems> languages) {
  const auto keeps = [&](const RatioTable& run) { return keeps_bounds(spec, run); };
  return std::all_of(languages.begin(), languages.end(), [&](const PairedItems& language) {
    return std::all_of(language.before.begin(), language.before.end(), keeps) &&
           std::all_of(language.after.begin(), language.after.end(), keeps);
  });
}

std::optional<Interval> interval_of(const MetricSpec& spec, const PooledItems& pooled, const ChangeOf& change,
                                    double degrees_of_freedom, int64_t num_resamples, const Rng& rng) {
  const auto num_ids = static_cast<int64_t>(pooled.ids.size());
  const auto moved = moved_ids(pooled);
  const int64_t num_moved = std::count(moved.begin(), moved.end(), char{true});
  const bool is_bounded = all_keep_bounds(spec, pooled.languages);
  if (num_moved == 0) {
    const double most = unseen_share(num_ids) * spec.scale;
    return is_bounded ? std::optional(Interval{-most, most}) : std::nullopt;
  }
  const BootstrapWeights weights(rng, pooled.ids, num_resamples);
  const auto before = run_weights(rng.fork("before"), std::ssize(change.before_runs()), num_resamples),
             after = run_weights(rng.fork("after"), std::ssize(change.after_runs()), num_resamples);
  std::vector<double> replicates;
  for (int64_t draw = 0; draw < num_resamples; ++draw)
    replicates.push_back(change.replicate(weights.of(draw), before[draw], after[draw]));
  if (is_bounded) {
    const double farthest = unseen_change(spec, pooled, num_moved) * spec.scale;
    smooth(replicates, weights, {-farthest, farthest}, rng);
  } else if (const auto spread = sd_of(replicates); !spread || *spread <= 1e-12 * std::abs(change.after())) {
    return std::nullopt;  // all moved alike, and nothing bounds an item that would not
  }
  const double estimate = change.after() - change.before();
  auto interval = bootstrap_interval(std::move(replicates), estimate,
                                     t_over_normal(degrees_of_freedom) * missing_spread(num_ids));
  if (interval && is_bounded)
    interval = {std::max(interval->low, -spec.scale), std::min(interval->high, spec.scale)};
  return interval ? std::optional(around(*interval, estimate)) : std::nullopt;
}

}  // namespace

PairedItems pair_items(std::span<const RatioTable> before, std::span<const RatioTable> after) {
  XLT_CHECK(!before.empty() && !after.empty(), before.size(), " runs before, ", after.size(), " after");
  std::map<std::string, size_t> seen;
  for (const auto& side : {before, after})
    for (const RatioTable& run : side)
      for (const std::string& id : run.ids) ++seen[id];
  std::vector<std::string> ids;
  for (const std::string& id : before[0].ids)
    if (seen[id] == before.size() + after.size()) ids.push_back(id);
  PairedItems paired;
  for (const RatioTable& run : before) paired.before.push_back(rows_of(run, ids));
  for (const RatioTable& run : after) paired.after.push_back(rows_of(run, ids));
  return paired;
}

ChangeEstimate estimate_change(const MetricSpec& spec, std::span<const PairedItems> languages,
                               int64_t num_resamples, const Rng& rng) {
  ChangeEstimate estimate;
  if (languages.empty()) return estimate;
  const PooledItems pooled(languages);
  const ChangeOf change(spec, pooled);
  for (const PairedItems& language : languages) estimate.num_items += language.num_items();
  estimate.num_ids = static_cast<int64_t>(pooled.ids.size());
  estimate.before = change.before();
  estimate.after = change.after();
  if (estimate.num_ids < 2 || !std::isfinite(estimate.after - estimate.before)) return estimate;
  Variances variances;
  variances.add(change.jackknife_variance(), estimate.num_ids - 1);
  for (const RunValues* runs : {&change.before_runs(), &change.after_runs()})
    if (runs->size() > 1) variances.add(ChangeOf::run_variance(*runs), std::ssize(*runs) - 1);
  if (variances.total > 0) estimate.standard_error = std::sqrt(variances.total);
  estimate.ci95 = interval_of(spec, pooled, change, variances.degrees_of_freedom(estimate.num_ids - 1),
                              num_resamples, rng);
  return estimate;
}

}  // namespace xlt
