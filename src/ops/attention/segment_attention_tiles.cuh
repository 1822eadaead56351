// SPDX-License-Identifier: Apache-2.0
// What the CUDA kernels of segment_attention share: exact attention by tiles of 32 keys with an online
// softmax (Dao et al. 2022, algorithms 1 and 4). A lane owns a key (or, for the gradients of keys, a query)
// while logits are made and a share of the dimensions while rows are summed. Tiles begin at fixed positions
// and what a row does not see enters as an exact zero, so a query's result depends on its own keys alone. No
// atomics: every sum has one owner and one order.
#pragma once

#include "ops/attention/segment_attention_device.h"
#include "ops/vectors.cuh"

namespace xlt::ops::cuda {

constexpr int kWarps = 4, kTile = kWarp;
constexpr int kMaxDim = static_cast<int>(kMaxHeadDim), kPerLane = kMaxDim / kWarp;

// 32 rows in shared memory; a row's stride is odd, so that lanes that read one column of 32 rows meet 32
// banks.
struct Tile {
  float rows[kTile][kMaxDim + 1];
};

// Two kinds of kernel from one source: kPlain is causal and without bias, and keeps its registers to that.
enum class Kind { kPlain, kGeneral };

struct Logit {
  float value;  // scaled, capped, with its bias
  float slope;  // its derivative by the product q · k
};
template <Kind kKind>
__device__ inline Logit finish(const DeviceAttention& a, float product, int head, int distance) {
  const float scaled = product * a.scale;
  Logit logit{scaled, a.scale};
  if (a.softcap > 0) {
    const float t = tanh(scaled / a.softcap);
    logit = {a.softcap * t, a.scale * (1 - t * t)};
  }
  if constexpr (kKind == Kind::kGeneral) logit.value += a.bias.at(head, distance);
  return logit;
}

// A key that is there, of a query's segment.
template <Kind kKind>
__device__ inline bool sees(const DeviceAttention& a, int query_position, int key_position) {
  if constexpr (kKind == Kind::kPlain)
    return key_position <= query_position && (a.window == 0 || key_position > query_position - a.window);
  if (a.is_causal && key_position > query_position) return false;
  return a.window == 0 ||
         (key_position > query_position - a.window && key_position < query_position + a.window);
}

// One past the last position that any query of a task sees.
template <Kind kKind>
__device__ inline int end_seen(const DeviceAttention& a, const QueryTask& task) {
  const int own = task.position + task.count;
  if (kKind == Kind::kPlain || a.is_causal) return own;
  if (a.window == 0 || own + a.window - 1 > task.num_keys) return task.num_keys;
  return own + a.window - 1;
}

// The key row at a position of a task's spans.
__device__ inline int key_row(const DeviceAttention& a, const QueryTask& task, int position) {
  const KeySpan* span = a.spans + task.spans_begin;
  while (position >= span->length) position -= (span++)->length;
  return span->begin + position;
}

// Positions [first, end) that any query of a task sees; `first` at a tile's begin.
__device__ inline int first_seen(const DeviceAttention& a, const QueryTask& task) {
  const int first = a.window > 0 ? task.position - a.window + 1 : 0;
  return first > 0 ? first / kTile * kTile : 0;
}

// The tile ← rows of k or v at positions begin …; zeros from `end` on. 16 bytes at a time where they lie so.
template <typename T>
__device__ inline void load_keys(const DeviceAttention& a, const QueryTask& task, const void* array,
                                 int begin, int end, int key_head, Tile& tile) {
  constexpr int kSize = Pack<T>::kSize;
  const PackedRow<T> shape{a.head_dim,
                           a.head_dim % kSize == 0 && reinterpret_cast<uintptr_t>(array) % 16 == 0};
  const int packs = (a.head_dim + kSize - 1) / kSize;
#pragma unroll 1  // as in dot()
  for (int i = threadIdx.x; i < kTile * packs; i += kWarps * kWarp) {
    const int r = i / packs, first = i % packs * kSize, position = begin + r;
    Pack<T> pack;
    if (position < end)
      pack = shape.read(
          static_cast<const T*>(array) +
              (static_cast<int64_t>(key_row(a, task, position)) * a.num_key_heads + key_head) * a.head_dim,
          first);
#pragma unroll
    for (int j = 0; j < kSize; ++j)
      if (first + j < a.head_dim)
        tile.rows[r][first + j] = position < end ? static_cast<float>(widen(pack.value[j])) : 0.0f;
  }
}

// ∑ row[d] · x[d].
__device__ inline float dot(const float* row, const float* x, int head_dim) {
  float sums[4] = {};  // for the rounding as much as for the latency
  int d = 0;
#pragma unroll 1  // more would cost registers, and with them blocks
  for (; d + 4 <= head_dim; d += 4) {
#pragma unroll
    for (int k = 0; k < 4; ++k) sums[k] += row[d + k] * x[d + k];
  }
  for (; d < head_dim; ++d) sums[0] += row[d] * x[d];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

// sums[i] += Σ_j weight of lane j · tile row j at dimension lane + 32 · i.
__device__ inline void add_rows(const Tile& tile, float weight, int head_dim, float (&sums)[kPerLane]) {
  __shared__ float of_warps[kWarps][kTile];
  const int lane = threadIdx.x % kWarp;
  float* weights = of_warps[threadIdx.x / kWarp];
  __syncwarp();  // a second call must not overwrite what is still being read
  weights[lane] = weight;
  __syncwarp();
  for (int j = 0; j < kTile; ++j) {
    const float w = weights[j];
#pragma unroll
    for (int i = 0; i < kPerLane; ++i)
      if (lane + i * kWarp < head_dim) sums[i] += w * tile.rows[j][lane + i * kWarp];
  }
}

__device__ inline void store_row(const float (&sums)[kPerLane], float factor, int head_dim, float* to) {
  const int lane = threadIdx.x % kWarp;
#pragma unroll
  for (int i = 0; i < kPerLane; ++i)
    if (lane + i * kWarp < head_dim) to[lane + i * kWarp] = sums[i] * factor;
}

// `count` rows of […, heads, D] from `first` on ← or zeros, into shared memory.
template <int kRows>
__device__ inline void load_rows(const float* from, int64_t first, int count, int heads, int head,
                                 int head_dim, float (&rows)[kRows][kMaxDim]) {
  for (int i = threadIdx.x; i < kRows * head_dim; i += blockDim.x) {
    const int r = i / head_dim, d = i % head_dim;
    rows[r][d] = r < count ? from[((first + r) * heads + head) * head_dim + d] : 0.0f;
  }
}

template <typename Function>
void with_key_dtype(KernelDtype dtype, Function function) {
  if (dtype == KernelDtype::kBf16) return function(__nv_bfloat16{});
  if (dtype == KernelDtype::kF16) return function(__half{});
  XLT_CHECK(dtype == KernelDtype::kF32, "attention over keys of float64 on CUDA");
  function(float{});
}

template <Kind kKind_>
struct KindOf {
  static constexpr Kind kKind = kKind_;
};
// Calls function(a zero of the keys' type, KindOf).
template <typename Function>
void with_kernel_of(const DeviceAttention& args, Function function) {
  with_key_dtype(args.dtype, [&](auto zero) {
    if (args.is_plain())
      function(zero, KindOf<Kind::kPlain>{});
    else
      function(zero, KindOf<Kind::kGeneral>{});
  });
}

inline dim3 grid_of(int32_t tasks, const DeviceAttention& args) {
  return dim3(static_cast<unsigned>(tasks), static_cast<unsigned>(args.num_heads));
}

}  // namespace xlt::ops::cuda
