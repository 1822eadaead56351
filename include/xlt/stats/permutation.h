// SPDX-License-Identifier: Apache-2.0
// Paired permutation tests, two-sided: under the null hypothesis the two sides of an item may be exchanged.
// An arrangement counts against the null when its statistic is at least as far from 0 as the one seen (ties
// count). p is the share of all arrangements, or (1 + those found) / (1 + those drawn), which is never 0 and
// holds its level (Phipson & Smyth 2010).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "xlt/base/rng.h"

namespace xlt {

struct PermutationResult {
  double p_value;
  bool is_exact;  // over all arrangements
};

// Of Σ differences under all changes of sign. Exact for up to 16 differences that are not 0, and for any
// number of them on a common grid (shares of equally many things); else `num_permutations` are drawn. Nothing
// for no differences.
std::optional<PermutationResult> sign_flip_test(std::span<const double> differences, const Rng& rng,
                                                int64_t num_permutations);

// Of any statistic: `statistic(swapped)` with swapped[i] true where the two sides of item i are exchanged; no
// item is swapped in what was seen. It must change its sign when every item is swapped. Exact for up to 12
// items.
PermutationResult swap_test(int64_t num_items, const std::function<double(std::span<const char>)>& statistic,
                            const Rng& rng, int64_t num_permutations);

}  // namespace xlt
