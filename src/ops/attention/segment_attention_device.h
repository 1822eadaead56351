// SPDX-License-Identifier: Apache-2.0
// What the CUDA kernels of segment_attention work on. Torch-free. Inside `ops` only.
#pragma once

#include "ops/attention/bias_arrays.h"
#include "ops/kernel_types.h"

#include <cstdint>

namespace xlt::ops {

// Rows of keys that follow one another in position; ⟨spans_begin, num_spans⟩ names some, in order of position
// from 0.
struct KeySpan {
  int32_t begin, length;
};

// Queries of one segment, whose spans hold num_keys keys in all. Query i stands at position `position` + i.
struct QueryTask {
  int32_t query_begin, count, position, spans_begin, num_spans, num_keys;
};

// Queries of one segment that see a task's keys: query i stands at position `position` + i, key j at
// key_position + j.
struct KeyReader {
  int32_t query_begin, num_queries, position, key_position;
};
// Consecutive rows of keys that the same segments see.
struct KeyTask {
  int32_t key_begin, count, readers_begin, num_readers;
};

// Queries of a task of the forward and of the backward pass, keys of a task of the backward pass: what fits
// 48 KiB of shared memory beside a tile of 32 rows of 256.
inline constexpr int32_t kForwardQueries = 8, kBackwardQueries = 4, kBackwardKeys = 4;
inline constexpr int64_t kMaxHeadDim = 256;
// Rows of a plan, and a window, at most: sums of a few stay within int32.
inline constexpr int64_t kMostRows = int64_t{1} << 29;

// Contiguous device arrays: q, out [N, H, D] float32; k, v [S, K, D] of `dtype`; lse [N, H] float32 (log Σ
// exp of the finished logits; null: not wanted). D ≤ kMaxHeadDim.
struct DeviceAttention {
  KernelDtype dtype = KernelDtype::kF32;
  int32_t num_keys = 0, num_heads = 0, num_key_heads = 0, head_dim = 0;
  const float* q = nullptr;
  const void* k = nullptr;
  const void* v = nullptr;
  float* out = nullptr;
  float* lse = nullptr;
  float scale = 1, softcap = 0;  // softcap 0: none
  int32_t window = 0;            // 0: none
  bool is_causal = true;
  BiasArrays bias;
  const QueryTask* tasks = nullptr;
  int32_t num_tasks = 0, most_queries = kForwardQueries;  // of any of these tasks
  const KeySpan* spans = nullptr;

  // What the kernels of decoders do; anything else takes more registers.
  bool is_plain() const { return is_causal && !bias.is_defined(); }
};

// dq [N, H, D] and, one plane a query head, dk, dv [H, S, D], float32. Rows of dk and dv that no task covers
// are left as they are.
struct DeviceAttentionGradients {
  const float* dout = nullptr;  // [N, H, D]
  float* dq = nullptr;
  float* dk = nullptr;
  float* dv = nullptr;
  const KeyTask* key_tasks = nullptr;
  int32_t num_key_tasks = 0;
  const KeyReader* readers = nullptr;
};

namespace cuda {
void attention_forward(const DeviceAttention& args, const KernelStream& stream);
// `args.out` and `args.lse` are those of the forward pass; its tasks hold kBackwardQueries queries at most.
void attention_backward(const DeviceAttention& args, const DeviceAttentionGradients& gradients,
                        const KernelStream& stream);
}  // namespace cuda

}  // namespace xlt::ops
