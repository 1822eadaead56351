// SPDX-License-Identifier: Apache-2.0
// What the worst of k completions scores, from n ≥ k of them.
#pragma once

#include <cstdint>
#include <vector>

namespace xlt {

// The mean over all subsets of size k of the largest score in them: an unbiased estimate of the expected
// maximum of k completions, whatever n is. With scores sorted, x_1 ≤ … ≤ x_n, the i-th is the largest of C(i
// − 1, k − 1) subsets:
//   Σ_{i = k}^{n} x_i · C(i − 1, k − 1) / C(n, k)
// For scores of 0 and 1 this is 1 − C(n − c, k) / C(n, k), pass@k of Chen et al. 2021 ("Evaluating large
// language models trained on code", eq. 1). The plain maximum of n scores grows with n, so that a model whose
// completions cannot be scored looks harmless. 1 ≤ k ≤ n.
double expected_max_at_k(std::vector<double> scores, int64_t k);

}  // namespace xlt
