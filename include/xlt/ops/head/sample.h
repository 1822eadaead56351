// SPDX-License-Identifier: Apache-2.0
// Draws tokens from truncated distributions: temperature → top-k → top-p, as transformers' logits processors
// order them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "xlt/ops/head/token_logps.h"

namespace xlt::ops {

struct SampleOptions {
  double temperature = 1.0;  // > 0
  double top_p =
      1.0;  // keeps the smallest set of most probable tokens whose probability reaches top_p; 1: all
  int64_t top_k = 0;    // keeps the k most probable; 0: all
  bool greedy = false;  // the most probable (lowest id among equals)
};

// logits [M, V] float32 on any device; `uniforms` [M] in [0, 1). The token is found by inverse transform over
// the kept tokens in order of id, so it is a pure function of (logits row, uniform). No sort of the
// vocabulary: histogram by logit, exact inside the bucket where top-p or top-k is crossed. Returns M ids.
// Throws kNumerics where a logit is not a number, or the largest is infinite.
std::vector<int64_t> sample(const at::Tensor& logits, std::span<const double> uniforms,
                            const SampleOptions& options);

// Draws from the head's logits: draw i reads those of hidden row rows[i]; a pure function of (hidden row,
// uniform). Sums are taken in another order than by `sample`, so that a draw on the very edge between two
// tokens may fall to the other. hidden [R, C], weight [V, C];
// `rows` and `uniforms` of one length; `logits` [R, V] float32 is memory that the caller keeps for the next
// call. On the CPU with our own matrix product, what the draws need to know of a row's logits (the largest
// and the sum of exponentials of every 256) is worked out while they are in the cache.
std::vector<int64_t> sample_head(const at::Tensor& hidden, const at::Tensor& weight, const HeadOptions& head,
                                 std::span<const int64_t> rows, std::span<const double> uniforms,
                                 const SampleOptions& options, at::Tensor logits);

// The exact distribution `sample` draws from: ids kept and their probabilities (sum 1), ascending id. For one
// row [V].
std::vector<std::pair<int64_t, double>> truncated_distribution(const at::Tensor& logits_row,
                                                               const SampleOptions& options);

}  // namespace xlt::ops
