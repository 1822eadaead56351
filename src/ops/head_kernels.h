// CPU kernels over rows of logits. Inside `ops` only. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>

namespace xlt::ops {

// log Σ exp over blocks of one row as they come (Milakov & Gimelshein 2018, algorithm 3), and the target's
// logit.
struct OnlineLogSumExp {
  double highest = -std::numeric_limits<double>::infinity();
  double sum = 0;  // Σ exp(logit − highest)
  double target = 0;
};

// A block of logits: columns first … first + columns of the vocabulary. [rows, columns], contiguous.
struct LogitBlock {
  float* logits;
  int64_t rows, columns, first;
  const int64_t* targets;  // [rows]
};
// Adds the block to each row's state.
void add_block(const LogitBlock& block, OnlineLogSumExp* states);
// logits ← ∂ logp / ∂(hidden · weight): (onehot(target) − exp(logit − highest) / sum) · ∂logit, where
// ∂logit = scale · (1 − (logit / softcap)²). `states` have seen every block of the row.
void gradient_in_place(const LogitBlock& block, const OnlineLogSumExp* states, float scale, float softcap);

// x ← e^(x − highest) · factor · (1 − (x · inverse)²); inverse: 1 / softcap, or 0.
void capped_exponentials(float* x, int64_t length, float highest, float factor, float inverse);

// Largest of a row; NaN if one is there.
float largest_of(const float* x, int64_t length);
// Σ exp(factor · (x − highest)), in blocks of kSumBlock in float32, those in float64. `block_sums`, if not
// null, gets one sum a block.
inline constexpr int64_t kSumBlock = 1024;
double sum_of_exponentials(const float* x, int64_t length, float highest, float factor,
                           double* block_sums = nullptr);
// weights[i] = exp(factor · (x[i] − highest)): the same bits as inside sum_of_exponentials.
void exponentials(const float* x, int64_t length, float highest, float factor, float* weights);
// The largest of every run of kMaxBlock; NaN if one is there.
inline constexpr int64_t kMaxBlock = 256;
void block_maxima(const float* x, int64_t length, float* maxima);

}  // namespace xlt::ops
