// SPDX-License-Identifier: Apache-2.0
#include "eval/at_k.h"

#include <algorithm>

#include "xlt/base/error.h"

namespace xlt {

double expected_max_at_k(std::vector<double> scores, int64_t k) {
  const auto n = static_cast<int64_t>(scores.size());
  XLT_CHECK(1 <= k && k <= n, k, " of ", n);
  std::sort(scores.begin(), scores.end());
  // C(n − 1, k − 1) / C(n, k) = k / n, and each weight below it is (i − k) / (i − 1) of the one above: no
  // factorials.
  double weight = static_cast<double>(k) / static_cast<double>(n), sum = 0;
  for (int64_t i = n; i >= k; --i) {
    sum += weight * scores[i - 1];
    if (i > k) weight *= static_cast<double>(i - k) / static_cast<double>(i - 1);
  }
  return sum;
}

}  // namespace xlt
