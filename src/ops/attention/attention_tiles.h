// SPDX-License-Identifier: Apache-2.0
// The inner loops of segment_attention: small products of float32 rows given by pointer, in registers.
// Inside `ops` only.
#pragma once

#include "ops/attention/bias_arrays.h"
#include "ops/kernel_types.h"

#include <cstdint>
#include <vector>

namespace xlt::ops {

// What one row gets depends on its own operands alone, whatever other rows are in the call and wherever it
// stands among them: every pair is summed in the same order.

// Callers pad a list of b rows to a multiple of this (with any valid pointer).
inline constexpr int64_t kProductStep = 8;
// scores[r · stride + j] = a[r] · b[j] over `depth` floats; `count` b rows, a multiple of kProductStep.
void products(const float* const* a, int64_t rows, const float* const* b, int64_t count, int64_t depth,
              float* scores, int64_t stride);

// w(r, j) = data[r · row_stride + j · term_stride].
struct Weights {
  const float* data;
  int64_t row_stride, term_stride;
};
// y[r] += Σ_j w(r, j) · x[j] over `depth` floats, in order of j.
void combine(const Weights& weights, const float* const* x, int64_t terms, int64_t depth, float* const* y,
             int64_t rows);

// Lanes of a row's sum; a row starts at a position that is a multiple of this, so that leading zeros do not
// move a key to another lane.
inline constexpr int64_t kSoftmaxLanes = 16;
// x ← exp(x − max); `length` a multiple of kSoftmaxLanes, at least one x above −∞.
struct SoftmaxRow {
  float log_sum, sum;  // log Σ exp x, Σ exp(x − max)
};
SoftmaxRow softmax_in_place(float* x, int64_t length);
// logits ← scale · logits, capped.
void finish_logits(float* logits, int64_t length, float scale, float softcap);
// With p = exp(logit − lse): logits ← p, dp ← p · (dp − delta) · ∂logit/∂(q·k). `logits` are finished.
void softmax_gradient(float* logits, float* dp, int64_t length, float lse, float delta, float scale,
                      float softcap);
// The same where `bias` was added to the capped logits.
void softmax_gradient(float* logits, const float* bias, float* dp, int64_t length, float lse, float delta,
                      float scale, float softcap);
// bias[i] ← what a key `distance` + i positions after its query gets of `head`.
void bias_of_keys(const BiasArrays& arrays, int64_t head, int64_t distance, int64_t length, float* bias);
// x[i] += y[i].
void add_to(float* x, const float* y, int64_t length);
float dot_of(const float* a, const float* b, int64_t length);

// Key or value rows [num_keys, num_key_heads, head_dim], contiguous.
struct KeyArray {
  const void* data;
  KernelDtype dtype;
};

// Up to kCapacity rows of one key head as float32: pointers into the array, or widened copies.
class KeyTile {
 public:
  static constexpr int64_t kCapacity = 64;
  explicit KeyTile(int64_t head_dim);
  // `stride` elements lie between key rows, `offset` before the head's own. The pointers are padded to a
  // multiple of kProductStep.
  void load(const KeyArray& keys, const int64_t* key_rows, int64_t count, int64_t stride, int64_t offset);
  const float* const* rows() const { return pointers_; }

 private:
  int64_t head_dim_;
  std::vector<float> widened_;
  const float* pointers_[kCapacity];
};

}  // namespace xlt::ops
