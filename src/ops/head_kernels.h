// CPU kernels over rows of logits. Inside `ops` only. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace xlt::ops {

// log Σ exp over blocks of one row as they come (Milakov & Gimelshein 2018, algorithm 3), and the target's
// logit.
struct OnlineLogSumExp {
  float highest = -std::numeric_limits<float>::infinity();
  double sum = 0;  // Σ exp(logit − highest)
  float target = 0;
  float logp() const { return static_cast<float>(static_cast<double>(target) - highest - std::log(sum)); }
};

// logits [rows, columns]: columns first … first + columns of the vocabulary.
void add_block(const float* logits, int64_t rows, int64_t columns, const int64_t* targets, int64_t first,
               OnlineLogSumExp* states);

// logits [rows, V] ← softmax − onehot(target); logp [rows].
void softmax_minus_onehot(float* logits, int64_t rows, int64_t columns, const int64_t* targets, float* logp);

// Largest of a row (NaN if one is there), and Σ exp(factor · (x − highest)), in float blocks summed in
// double.
float largest_of(const float* x, int64_t length);
// out[i] = exp(factor · (x[i] − highest))
void exponentials_of(const float* x, int64_t length, float highest, float factor, float* out);
double sum_of_exponentials(const float* x, int64_t length, float highest, float factor);

}  // namespace xlt::ops
