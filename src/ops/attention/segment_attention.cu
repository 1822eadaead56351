// SPDX-License-Identifier: Apache-2.0
// segment_attention on CUDA, forward.
#include "ops/attention/segment_attention_tiles.cuh"

namespace xlt::ops::cuda {
namespace {

// Five blocks a multiprocessor with sm_90: 96 registers a thread (65,536 of them, in steps of 8), 42 KiB of
// 227. With sm_80 shared memory ends before the registers: three blocks, 160 registers a thread.
// clang-format off
// budget: forward_kernel 128 registers, 43008 bytes of shared memory
// clang-format on
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 900
constexpr int kBlocks = 3;
#else
constexpr int kBlocks = 5;
#endif

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

// A block's rows: the queries of a task times so many heads that read the same keys. Where tasks have one
// query each, as in generation, keys are read once for all of these heads.
struct Rows {
  int query_begin, count, first_head, heads;  // count: queries · heads

  __device__ int query(int row) const { return row / heads; }
  __device__ int head(int row) const { return first_head + row % heads; }
  // In [N, H].
  __device__ int64_t at(int row, int num_heads) const {
    return static_cast<int64_t>(query_begin + query(row)) * num_heads + head(row);
  }
};

__device__ void load_queries(const DeviceAttention& a, const Rows& rows,
                             float (&queries)[kForwardQueries][kMaxDim]) {
  for (int i = threadIdx.x; i < rows.count * a.head_dim; i += blockDim.x) {
    const int row = i / a.head_dim, d = i % a.head_dim;
    queries[row][d] = a.q[rows.at(row, a.num_heads) * a.head_dim + d];
  }
}

template <typename T, Kind kKind>
__global__ void __launch_bounds__(kWarps* kWarp, kBlocks)
    forward_kernel(const DeviceAttention a, const int heads) {
  constexpr int kPerWarp = kForwardQueries / kWarps;
  __shared__ Tile tile;
  __shared__ float queries[kForwardQueries][kMaxDim];
  const QueryTask task = a.tasks[blockIdx.x];
  const Rows rows{task.query_begin, task.count * heads, static_cast<int>(blockIdx.y) * heads, heads};
  const int key_head = rows.first_head / (a.num_heads / a.num_key_heads);
  const int warp = threadIdx.x / kWarp, lane = threadIdx.x % kWarp;
  load_queries(a, rows, queries);
  SoftmaxState states[kPerWarp];
  float sums[kPerWarp][kPerLane] = {};
  const int end = end_seen<kKind>(a, task);
  for (int begin = first_seen(a, task); begin < end; begin += kTile) {
    float weights[kPerWarp];
    __syncthreads();
    load_keys<T>(a, task, a.k, begin, end, key_head, tile);
    __syncthreads();
    for (int n = 0; n < kPerWarp; ++n) {
      const int row = n * kWarps + warp;
      if (row >= rows.count) continue;
      const int position = task.position + rows.query(row), key = begin + lane;
      const bool seen = (kKind == Kind::kPlain || key < end) && sees<kKind>(a, position, key);
      weights[n] = seen ? finish<kKind>(a, dot(tile.rows[lane], queries[row], a.head_dim), rows.head(row),
                                        key - position)
                              .value
                        : kUnseen;
      const float factor = add_logit(states[n], weights[n]);
      for (float& sum : sums[n]) sum *= factor;
    }
    __syncthreads();
    load_keys<T>(a, task, a.v, begin, end, key_head, tile);
    __syncthreads();
    for (int n = 0; n < kPerWarp; ++n)
      if (n * kWarps + warp < rows.count) add_rows(tile, weights[n], a.head_dim, sums[n]);
  }
  for (int n = 0; n < kPerWarp; ++n) {
    if (n * kWarps + warp >= rows.count) continue;
    const int64_t row = rows.at(n * kWarps + warp, a.num_heads);
    store_row(sums[n], 1 / states[n].sum, a.head_dim, a.out + row * a.head_dim);
    if (lane == 0 && a.lse != nullptr) a.lse[row] = states[n].highest + log(states[n].sum);
  }
}

// As many of the heads of one key head as a block has rows for.
int heads_a_block(const DeviceAttention& args) {
  const int group = args.num_heads / args.num_key_heads;
  int heads = kForwardQueries / args.most_queries;
  while (heads > 1 && group % heads != 0) --heads;
  return heads;
}

}  // namespace

void attention_forward(const DeviceAttention& args, const KernelStream& stream) {
  const int heads = heads_a_block(args);
  const dim3 grid(static_cast<unsigned>(args.num_tasks), static_cast<unsigned>(args.num_heads / heads));
  with_kernel_of(args, [&](auto zero, auto kind) {
    launch("segment_attention on CUDA", forward_kernel<decltype(zero), decltype(kind)::kKind>, grid,
           kWarps * kWarp, use_stream(stream), args, heads);
  });
}

}  // namespace xlt::ops::cuda
