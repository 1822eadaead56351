// SPDX-License-Identifier: Apache-2.0
// segment_attention on CUDA, forward.
#include "ops/attention/segment_attention_tiles.cuh"

namespace xlt::ops::cuda {
namespace {

// Five blocks a multiprocessor: 96 registers a thread (65,536 of them, in steps of 8), 42 KiB of 227 (sm_90;
// three blocks with sm_80, whose shared memory ends before its registers).
// budget: forward_kernel 96 registers, 43008 bytes of shared memory

constexpr float kUnseen = -INFINITY;

struct SoftmaxState {
  float highest = kUnseen, sum = 0;
};
// The logit of this lane's key becomes its exponential; what was summed before is to be multiplied by the
// result.
__device__ float add_logit(SoftmaxState& state, float& logit) {
  const float highest = fmaxf(state.highest, warp_reduce<LargestNumber>(logit));
  const float base = highest == kUnseen ? 0.0f : highest;  // nothing seen yet: all exponentials are 0
  const float factor = exp(state.highest - base);
  logit = exp(logit - base);
  state.sum = state.sum * factor + warp_reduce<Add>(logit);
  state.highest = highest;
  return factor;
}

template <typename T, Kind kKind>
__global__ void __launch_bounds__(kWarps* kWarp) forward_kernel(const DeviceAttention a) {
  constexpr int kPerWarp = kForwardQueries / kWarps;
  __shared__ Tile tile;
  __shared__ float queries[kForwardQueries][kMaxDim];
  const QueryTask task = a.tasks[blockIdx.x];
  const int head = blockIdx.y, key_head = head / (a.num_heads / a.num_key_heads);
  const int warp = threadIdx.x / kWarp, lane = threadIdx.x % kWarp;
  load_rows(a.q, task.query_begin, task.count, a.num_heads, head, a.head_dim, queries);
  SoftmaxState states[kPerWarp];
  float sums[kPerWarp][kPerLane] = {};
  const int end = end_seen<kKind>(a, task);
  for (int begin = first_seen(a, task); begin < end; begin += kTile) {
    float weights[kPerWarp];
    __syncthreads();
    load_keys<T>(a, task, a.k, begin, end, key_head, tile);
    __syncthreads();
    for (int n = 0; n < kPerWarp; ++n) {
      const int query = warp * kPerWarp + n;
      const int position = task.position + query, key = begin + lane;
      const bool seen =
          query < task.count && (kKind == Kind::kPlain || key < end) && sees<kKind>(a, position, key);
      weights[n] =
          seen
              ? finish<kKind>(a, dot(tile.rows[lane], queries[query], a.head_dim), head, key - position).value
              : kUnseen;
      const float factor = add_logit(states[n], weights[n]);
      for (float& sum : sums[n]) sum *= factor;
    }
    __syncthreads();
    load_keys<T>(a, task, a.v, begin, end, key_head, tile);
    __syncthreads();
    for (int n = 0; n < kPerWarp; ++n) add_rows(tile, weights[n], a.head_dim, sums[n]);
  }
  for (int n = 0; n < kPerWarp; ++n) {
    const int query = warp * kPerWarp + n;
    if (query >= task.count) continue;
    const int64_t row = static_cast<int64_t>(task.query_begin + query) * a.num_heads + head;
    store_row(sums[n], 1 / states[n].sum, a.head_dim, a.out + row * a.head_dim);
    if (lane == 0 && a.lse != nullptr) a.lse[row] = states[n].highest + log(states[n].sum);
  }
}

}  // namespace

void attention_forward(const DeviceAttention& args, const KernelStream& stream) {
  with_kernel_of(args, [&](auto zero, auto kind) {
    launch("segment_attention on CUDA", forward_kernel<decltype(zero), decltype(kind)::kKind>,
           grid_of(args.num_tasks, args), kWarps * kWarp, use_stream(stream), args);
  });
}

}  // namespace xlt::ops::cuda
