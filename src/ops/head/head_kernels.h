// SPDX-License-Identifier: Apache-2.0
// Kernels over rows of logits. Inside `ops` only.
#pragma once

#include "ops/kernel_types.h"

#include <cstdint>
#include <limits>

namespace c10 {
struct BFloat16;
}

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
struct LogitRows {
  LogitBlock block;
  OnlineLogSumExp* states;       // [rows]
  float scale = 1, softcap = 0;  // of the gradient; softcap 0: none
};
// add_block adds the block to each row's state.
// gradient_in_place: logits ← ∂ logp / ∂(hidden · weight) = (onehot(target) − exp(logit − highest) / sum) ·
// ∂logit, where ∂logit = scale · (1 − (logit / softcap)²). `states` have seen every block of the row.
namespace cpu {
void add_block(const LogitRows& args, const KernelStream& stream);
void gradient_in_place(const LogitRows& args, const KernelStream& stream);
}  // namespace cpu
namespace cuda {
void add_block(const LogitRows& args, const KernelStream& stream);
void gradient_in_place(const LogitRows& args, const KernelStream& stream);
}  // namespace cuda

// What follows runs on the CPU only.

// e^(x − highest) · factor · (1 − (x · inverse)²); inverse: 1 / softcap, or 0. `to` may be x.
void capped_exponentials(const float* x, int64_t length, float highest, float factor, float inverse,
                         float* to);
void capped_exponentials(const float* x, int64_t length, float highest, float factor, float inverse,
                         c10::BFloat16* to);

// The largest of every run of kMaxBlock; NaN if one is there.
inline constexpr int64_t kMaxBlock = 256;
void block_maxima(const float* x, int64_t length, float* maxima);
// Copies past the caches where the target allows it: memory that is not read again soon.
void store_past_caches(const float* from, int64_t count, float* to);

}  // namespace xlt::ops
