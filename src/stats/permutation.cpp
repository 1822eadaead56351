// SPDX-License-Identifier: Apache-2.0
#include "xlt/stats/permutation.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace xlt {

namespace {

constexpr int64_t kExactFlips = 16, kExactSwaps = 12;

// Equal but for rounding counts as a tie.
bool is_as_far(double statistic, double seen) { return std::abs(statistic) >= std::abs(seen) * (1 - 1e-10); }

double drawn_p_value(int64_t as_far, int64_t drawn) {
  return static_cast<double>(as_far + 1) / static_cast<double>(drawn + 1);
}

// All sign vectors but for the overall sign, which changes no absolute value; Gray code, a flip a step.
double enumerated(std::span<const double> differences, double seen) {
  const int64_t arrangements = int64_t{1} << (differences.size() - 1);
  std::vector<double> signs(differences.size(), 1);
  int64_t as_far = 0;
  for (int64_t step = 1; step <= arrangements; ++step) {
    double sum = 0;
    for (size_t i = 0; i < differences.size(); ++i) sum += signs[i] * differences[i];
    as_far += is_as_far(sum, seen);
    if (step < arrangements) signs[__builtin_ctzll(static_cast<unsigned long long>(step))] *= -1;
  }
  return static_cast<double>(as_far) / static_cast<double>(arrangements);
}

// Differences as whole multiples of 1 / unit for the smallest unit that does, where one below 10,000 does.
std::vector<int64_t> on_a_grid(std::span<const double> differences) {
  for (int64_t unit = 1; unit < 10000; ++unit) {
    std::vector<int64_t> multiples;
    for (double difference : differences) {
      const double multiple = difference * static_cast<double>(unit);
      if (std::abs(multiple - std::round(multiple)) > 1e-9 || std::abs(multiple) > 1e9) break;
      multiples.push_back(std::llround(multiple));
    }
    if (multiples.size() == differences.size()) return multiples;
  }
  return {};
}

// The distribution of the sum of randomly signed whole numbers, one convolution each.
double convolved(const std::vector<int64_t>& steps, int64_t reach, int64_t seen) {
  std::vector<double> now(2 * reach + 1), next(2 * reach + 1);
  now[reach] = 1;
  int64_t width = 0;
  for (int64_t signed_step : steps) {
    const int64_t step = std::abs(signed_step);
    std::fill(next.begin(), next.end(), 0.0);
    for (int64_t sum = reach - width; sum <= reach + width; ++sum) {
      next[sum - step] += now[sum] / 2;
      next[sum + step] += now[sum] / 2;
    }
    width += step;
    now.swap(next);
  }
  double p = 0;
  for (int64_t sum = -reach; sum <= reach; ++sum)
    if (std::abs(sum) >= std::abs(seen)) p += now[sum + reach];
  return std::min(p, 1.0);
}

double drawn(std::span<const double> differences, double seen, Rng rng, int64_t num_permutations) {
  int64_t as_far = 0;
  for (int64_t permutation = 0; permutation < num_permutations; ++permutation) {
    double sum = 0;
    uint64_t bits = 0;
    for (size_t i = 0; i < differences.size(); ++i, bits >>= 1) {
      if (i % 64 == 0) bits = rng.next();
      sum += bits & 1 ? -differences[i] : differences[i];
    }
    as_far += is_as_far(sum, seen);
  }
  return drawn_p_value(as_far, num_permutations);
}

}  // namespace

std::optional<PermutationResult> sign_flip_test(std::span<const double> differences, const Rng& rng,
                                                int64_t num_permutations) {
  if (differences.empty()) return std::nullopt;
  std::vector<double> moved;
  std::copy_if(differences.begin(), differences.end(), std::back_inserter(moved),
               [](double difference) { return difference != 0; });
  if (moved.empty()) return PermutationResult{1, true};
  const double seen = std::accumulate(moved.begin(), moved.end(), 0.0);
  if (static_cast<int64_t>(moved.size()) <= kExactFlips)
    return PermutationResult{enumerated(moved, seen), true};
  const std::vector<int64_t> steps = on_a_grid(moved);
  int64_t reach = 0, sum = 0;
  for (int64_t step : steps) {
    reach += std::abs(step);
    sum += step;
  }
  constexpr int64_t kMostWork = 20'000'000;
  if (!steps.empty() && reach * static_cast<int64_t>(steps.size()) <= kMostWork)
    return PermutationResult{convolved(steps, reach, sum), true};
  return PermutationResult{drawn(moved, seen, rng, num_permutations), false};
}

PermutationResult swap_test(int64_t num_items, const std::function<double(std::span<const char>)>& statistic,
                            const Rng& rng, int64_t num_permutations) {
  std::vector<char> swapped(num_items);
  const double seen = statistic(swapped);
  int64_t as_far = 0;
  if (num_items <= kExactSwaps) {
    const int64_t arrangements = int64_t{1} << num_items;
    for (int64_t arrangement = 0; arrangement < arrangements; ++arrangement) {
      for (int64_t i = 0; i < num_items; ++i) swapped[i] = static_cast<char>(arrangement >> i & 1);
      as_far += is_as_far(statistic(swapped), seen);
    }
    return {static_cast<double>(as_far) / static_cast<double>(arrangements), true};
  }
  Rng numbers = rng;
  for (int64_t permutation = 0; permutation < num_permutations; ++permutation) {
    uint64_t bits = 0;
    for (int64_t i = 0; i < num_items; ++i, bits >>= 1) {
      if (i % 64 == 0) bits = numbers.next();
      swapped[i] = static_cast<char>(bits & 1);
    }
    as_far += is_as_far(statistic(swapped), seen);
  }
  return {drawn_p_value(as_far, num_permutations), false};
}

}  // namespace xlt
