// SPDX-License-Identifier: Apache-2.0
#include "ops/attention/attention_tiles.h"

#include "ops/float_rows.h"
#include "ops/lanes.h"
#include "ops/vector_math.h"

#include <cmath>
#include <cstring>

// GCC 12 keeps an array of vectors in registers only if every loop over it is gone early.
#define XLT_UNROLL _Pragma("GCC unroll 8")

namespace xlt::ops {
namespace {

using Vector = Lanes<float>;
constexpr int64_t kVector = kLanes<float>;  // 8

XLT_INLINE void load(const float* from, Vector& to) { std::memcpy(&to, from, sizeof(to)); }
XLT_INLINE void store(const Vector& from, float* to) { std::memcpy(to, &from, sizeof(from)); }

// The sums of eight vectors as one, each in the order ((0+4)+(2+6)) + ((1+5)+(3+7)).
XLT_INLINE void sums_of_eight(const Vector* x, Vector& sums) {
  Vector halves[4], quarters[2];
  XLT_UNROLL
  for (int i = 0; i < 4; ++i) {
    const Vector &a = x[2 * i], &b = x[2 * i + 1];
    halves[i] = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11) +
                __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
  }
  XLT_UNROLL
  for (int i = 0; i < 2; ++i) {
    const Vector &a = halves[2 * i], &b = halves[2 * i + 1];
    quarters[i] = __builtin_shufflevector(a, b, 0, 1, 4, 5, 8, 9, 12, 13) +
                  __builtin_shufflevector(a, b, 2, 3, 6, 7, 10, 11, 14, 15);
  }
  sums = __builtin_shufflevector(quarters[0], quarters[1], 0, 2, 4, 6, 8, 10, 12, 14) +
         __builtin_shufflevector(quarters[0], quarters[1], 1, 3, 5, 7, 9, 11, 13, 15);
}

// R rows × C b rows with R · C = 8: eight sums in flight hide the latency of a fused multiply-add.
template <int R, int C>
XLT_INLINE void product_tile(const float* const* a, const float* const* b, int64_t depth, float* scores,
                             int64_t stride) {
  static_assert(R * C == kProductStep);
  Vector sums[8] = {}, left[R], right;
  int64_t i = 0;
  for (; i + kVector <= depth; i += kVector) {
    XLT_UNROLL
    for (int r = 0; r < R; ++r) load(a[r] + i, left[r]);
    XLT_UNROLL
    for (int c = 0; c < C; ++c) {
      load(b[c] + i, right);
      XLT_UNROLL
      for (int r = 0; r < R; ++r) sums[r * C + c] += left[r] * right;
    }
  }
  if (i < depth) {
    XLT_UNROLL
    for (int r = 0; r < R; ++r) load_tail(a[r] + i, depth - i, left[r]);
    XLT_UNROLL
    for (int c = 0; c < C; ++c) {
      load_tail(b[c] + i, depth - i, right);
      XLT_UNROLL
      for (int r = 0; r < R; ++r) sums[r * C + c] += left[r] * right;
    }
  }
  Vector totals;
  sums_of_eight(sums, totals);
  float values[8];
  store(totals, values);
  XLT_UNROLL
  for (int r = 0; r < R; ++r) std::memcpy(scores + r * stride, values + r * C, C * sizeof(float));
}

template <int R>
XLT_INLINE void product_rows(const float* const* a, const float* const* b, int64_t count, int64_t depth,
                             float* scores, int64_t stride) {
  constexpr int kColumns = 8 / R;
  for (int64_t j = 0; j < count; j += kColumns)
    product_tile<R, kColumns>(a, b + j, depth, scores + j, stride);
}

// R rows × C vectors of the depth from `begin` on.
template <int R, int C>
XLT_INLINE void combine_tile(const Weights& w, const float* const* x, int64_t terms, int64_t begin,
                             float* const* y) {
  Vector sums[R][C], right;
  XLT_UNROLL
  for (int r = 0; r < R; ++r) XLT_UNROLL
  for (int c = 0; c < C; ++c) load(y[r] + begin + c * kVector, sums[r][c]);
  for (int64_t j = 0; j < terms; ++j) {
    const float* row = x[j] + begin;
    XLT_UNROLL
    for (int c = 0; c < C; ++c) {
      load(row + c * kVector, right);
      XLT_UNROLL
      for (int r = 0; r < R; ++r) sums[r][c] += w.data[r * w.row_stride + j * w.term_stride] * right;
    }
  }
  XLT_UNROLL
  for (int r = 0; r < R; ++r) XLT_UNROLL
  for (int c = 0; c < C; ++c) store(sums[r][c], y[r] + begin + c * kVector);
}

template <int R>
XLT_INLINE void combine_rows(const Weights& w, const float* const* x, int64_t terms, int64_t depth,
                             float* const* y) {
  constexpr int kColumns = 8 / R;
  int64_t i = 0;
  for (; i + kColumns * kVector <= depth; i += kColumns * kVector)
    combine_tile<R, kColumns>(w, x, terms, i, y);
  for (; i + kVector <= depth; i += kVector) combine_tile<R, 1>(w, x, terms, i, y);
  for (; i < depth; ++i) XLT_UNROLL
  for (int r = 0; r < R; ++r) {
    float sum = y[r][i];
    for (int64_t j = 0; j < terms; ++j) sum += w.data[r * w.row_stride + j * w.term_stride] * x[j][i];
    y[r][i] = sum;
  }
}

template <typename T>
XLT_INLINE void widen_row(const T* from, int64_t length, float* to) {
  for (int64_t i = 0; i < length; ++i) to[i] = widen(from[i]);
}
XLT_CPU_KERNEL void widen_bfloat16(const c10::BFloat16* from, int64_t length, float* to) {
  widen_row(from, length, to);
}

}  // namespace

XLT_CPU_KERNEL void products(const float* const* a, int64_t rows, const float* const* b, int64_t count,
                             int64_t depth, float* scores, int64_t stride) {
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4) product_rows<4>(a + r, b, count, depth, scores + r * stride, stride);
  for (; r + 2 <= rows; r += 2) product_rows<2>(a + r, b, count, depth, scores + r * stride, stride);
  for (; r < rows; ++r) product_rows<1>(a + r, b, count, depth, scores + r * stride, stride);
}

XLT_CPU_KERNEL void combine(const Weights& weights, const float* const* x, int64_t terms, int64_t depth,
                            float* const* y, int64_t rows) {
  Weights w = weights;
  const auto advance = [&w, &weights](int64_t r) { w.data = weights.data + r * weights.row_stride; };
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    advance(r);
    combine_rows<4>(w, x, terms, depth, y + r);
  }
  for (; r + 2 <= rows; r += 2) {
    advance(r);
    combine_rows<2>(w, x, terms, depth, y + r);
  }
  for (; r < rows; ++r) {
    advance(r);
    combine_rows<1>(w, x, terms, depth, y + r);
  }
}

XLT_CPU_KERNEL SoftmaxRow softmax_in_place(float* x, int64_t length) {
  const float highest = largest_of(x, length);
  float lanes[kSoftmaxLanes] = {};
  for (int64_t i = 0; i < length; i += kSoftmaxLanes)
    for (int64_t j = 0; j < kSoftmaxLanes; ++j) {
      x[i + j] = exp_approx(x[i + j] - highest);
      lanes[j] += x[i + j];
    }
  float sum = 0;
  for (float lane : lanes) sum += lane;
  return {highest + std::log(sum), sum};
}

XLT_CPU_KERNEL void finish_logits(float* logits, int64_t length, float scale, float softcap) {
  for (int64_t i = 0; i < length; ++i) logits[i] *= scale;
  if (softcap > 0)
    for (int64_t i = 0; i < length; ++i) logits[i] = softcap * std::tanh(logits[i] / softcap);
}

XLT_CPU_KERNEL void softmax_gradient(float* logits, float* dp, int64_t length, float lse, float delta,
                                     float scale, float softcap) {
  // d tanh: 1 − (logit / softcap)².
  const float inverse = softcap > 0 ? 1 / softcap : 0;
  for (int64_t i = 0; i < length; ++i) {
    const float p = exp_approx(logits[i] - lse), capped = logits[i] * inverse;
    dp[i] = p * (dp[i] - delta) * (scale * (1 - capped * capped));
    logits[i] = p;
  }
}

XLT_CPU_KERNEL void softmax_gradient(float* logits, const float* bias, float* dp, int64_t length, float lse,
                                     float delta, float scale, float softcap) {
  const float inverse = softcap > 0 ? 1 / softcap : 0;
  for (int64_t i = 0; i < length; ++i) {
    const float p = exp_approx(logits[i] + bias[i] - lse), capped = logits[i] * inverse;
    dp[i] = p * (dp[i] - delta) * (scale * (1 - capped * capped));
    logits[i] = p;
  }
}

XLT_CPU_KERNEL void bias_of_keys(const BiasArrays& arrays, int64_t head, int64_t distance, int64_t length,
                                 float* bias) {
  for (int64_t i = 0; i < length; ++i)
    bias[i] = arrays.at(static_cast<int>(head), static_cast<int>(distance + i));
}

XLT_CPU_KERNEL void add_to(float* x, const float* y, int64_t length) {
  for (int64_t i = 0; i < length; ++i) x[i] += y[i];
}

XLT_CPU_KERNEL float dot_of(const float* a, const float* b, int64_t length) { return dot(a, b, length); }

KeyTile::KeyTile(int64_t head_dim) : head_dim_(head_dim) {}

void KeyTile::load(const KeyArray& keys, const int64_t* key_rows, int64_t count, int64_t stride,
                   int64_t offset) {
  if (keys.dtype != KernelDtype::kF32) widened_.resize(kCapacity * head_dim_);
  for (int64_t j = 0; j < count; ++j) {
    const int64_t element = key_rows[j] * stride + offset;
    float* copy = widened_.data() + j * head_dim_;
    if (keys.dtype == KernelDtype::kF32) {
      pointers_[j] = static_cast<const float*>(keys.data) + element;
      continue;
    }
    if (keys.dtype == KernelDtype::kBf16)
      widen_bfloat16(static_cast<const c10::BFloat16*>(keys.data) + element, head_dim_, copy);
    else
      widen_row(static_cast<const c10::Half*>(keys.data) + element, head_dim_, copy);
    pointers_[j] = copy;
  }
  for (int64_t j = count; j % kProductStep != 0; ++j) pointers_[j] = pointers_[0];
}

}  // namespace xlt::ops
