// SPDX-License-Identifier: Apache-2.0
// The gradients of segment_attention on CUDA. With p = softmax(s) and δ = dout · out:
// ds = p · (dout · v − δ) · ∂s / ∂(q · k).
#include "ops/attention/segment_attention_tiles.cuh"

namespace xlt::ops::cuda {
namespace {

// Five blocks a multiprocessor with sm_90, three with sm_80, whose shared memory ends before its registers:
// 99 of them do no harm to sm_80, 86 and 89.
// clang-format off
// budget: query_gradient_kernel 96 registers, 43008 bytes of shared memory
// budget: key_gradient_kernel 99 registers, 43008 bytes of shared memory
// clang-format on

struct Gradient {
  float p, ds;
};
template <Kind kKind>
__device__ Gradient gradient_of(const DeviceAttention& a, bool seen, float product, int head, int distance,
                                float lse, float dp, float delta) {
  if (!seen) return {0, 0};
  const Logit logit = finish<kKind>(a, product, head, distance);
  const float p = exp(logit.value - lse);
  return {p, p * (dp - delta) * logit.slope};
}

// δ of a row, from dout in shared memory.
__device__ float delta_of(const float* dout, const float* out, int head_dim) {
  float sum = 0;
  for (int d = threadIdx.x % kWarp; d < head_dim; d += kWarp) sum += dout[d] * out[d];
  return warp_reduce<Add>(sum);
}

// dq: a warp owns a query.
template <typename T, Kind kKind>
__global__ void __launch_bounds__(kWarps* kWarp)
    query_gradient_kernel(const DeviceAttention a, const DeviceAttentionGradients g) {
  static_assert(kBackwardQueries == kWarps);
  __shared__ Tile tile;
  __shared__ float queries[kBackwardQueries][kMaxDim], douts[kBackwardQueries][kMaxDim];
  const QueryTask task = a.tasks[blockIdx.x];
  const int head = blockIdx.y, key_head = head / (a.num_heads / a.num_key_heads);
  const int query = threadIdx.x / kWarp, lane = threadIdx.x % kWarp;
  const bool mine = query < task.count;
  const int64_t row = static_cast<int64_t>(task.query_begin + (mine ? query : 0)) * a.num_heads + head;
  load_rows(a.q, task.query_begin, task.count, a.num_heads, head, a.head_dim, queries);
  load_rows(g.dout, task.query_begin, task.count, a.num_heads, head, a.head_dim, douts);
  __syncthreads();
  const float delta = delta_of(douts[query], a.out + row * a.head_dim, a.head_dim), lse = a.lse[row];
  float sums[kPerLane] = {};
  const int end = end_seen<kKind>(a, task), position = task.position + query;
  for (int begin = first_seen(a, task); begin < end; begin += kTile) {
    const int key = begin + lane;
    const bool seen = mine && (kKind == Kind::kPlain || key < end) && sees<kKind>(a, position, key);
    __syncthreads();
    load_keys<T>(a, task, a.v, begin, end, key_head, tile);
    __syncthreads();
    const float dp = dot(tile.rows[lane], douts[query], a.head_dim);
    __syncthreads();
    load_keys<T>(a, task, a.k, begin, end, key_head, tile);
    __syncthreads();
    const float product = dot(tile.rows[lane], queries[query], a.head_dim);
    const Gradient gradient = gradient_of<kKind>(a, seen, product, head, key - position, lse, dp, delta);
    add_rows(tile, gradient.ds, a.head_dim, sums);
  }
  if (mine) store_row(sums, 1, a.head_dim, g.dq + row * a.head_dim);
}

// Rows of q or dout of a reader's queries first … into the tile, as load_keys.
__device__ void load_queries(const DeviceAttention& a, const float* array, const KeyReader& reader, int first,
                             int head, Tile& tile) {
  for (int r = threadIdx.x / kWarp; r < kTile; r += kWarps) {
    const bool there = first + r < reader.num_queries;
    const int64_t row = static_cast<int64_t>(reader.query_begin + first + r) * a.num_heads + head;
    for (int d = threadIdx.x % kWarp; d < a.head_dim; d += kWarp)
      tile.rows[r][d] = there ? array[row * a.head_dim + d] : 0.0f;
  }
}

// One warp's key, and sums over the queries that see it.
struct KeySums {
  float dk[kPerLane] = {}, dv[kPerLane] = {};
};

// Queries [first, last) of a reader's that may see a task's keys.
struct QueryRange {
  int first, last;
};
// Queries before the task's first key do not see it, nor do those a window and more behind its last; where
// attention goes both ways, those a window before its first.
template <Kind kKind>
__device__ QueryRange readers_of(const DeviceAttention& a, const KeyTask& task, const KeyReader& reader) {
  QueryRange range{reader.key_position - reader.position, reader.num_queries};
  if (kKind == Kind::kGeneral && !a.is_causal) range.first = a.window == 0 ? 0 : range.first - a.window + 1;
  if (range.first < 0) range.first = 0;
  if (a.window > 0 && reader.key_position + task.count - 1 + a.window - reader.position < range.last)
    range.last = reader.key_position + task.count - 1 + a.window - reader.position;
  return range;
}

// The queries `first` … of a reader; a lane owns a query. `key`, `value`: this warp's, in shared memory.
template <Kind kKind>
__device__ void add_queries(const DeviceAttention& a, const DeviceAttentionGradients& g,
                            const KeyReader& reader, int first, int head, int key_position, bool mine,
                            const float* key, const float* value, Tile& tile, KeySums& sums) {
  const int query = first + threadIdx.x % kWarp;
  const bool seen =
      mine && query < reader.num_queries && sees<kKind>(a, reader.position + query, key_position);
  const int64_t row =
      static_cast<int64_t>(reader.query_begin + (query < reader.num_queries ? query : 0)) * a.num_heads +
      head;
  __syncthreads();
  load_queries(a, a.q, reader, first, head, tile);
  __syncthreads();
  const float product = dot(tile.rows[threadIdx.x % kWarp], key, a.head_dim);
  __syncthreads();
  load_queries(a, g.dout, reader, first, head, tile);
  __syncthreads();
  const float* dout = tile.rows[threadIdx.x % kWarp];
  const float delta = dot(dout, a.out + row * a.head_dim, a.head_dim);
  const Gradient gradient = gradient_of<kKind>(a, seen, product, head, key_position - reader.position - query,
                                               a.lse[row], dot(dout, value, a.head_dim), delta);
  add_rows(tile, gradient.p, a.head_dim, sums.dv);
  __syncthreads();
  load_queries(a, a.q, reader, first, head, tile);
  __syncthreads();
  add_rows(tile, gradient.ds, a.head_dim, sums.dk);
}

// dk and dv: a warp owns a key.
template <typename T, Kind kKind>
__global__ void __launch_bounds__(kWarps* kWarp)
    key_gradient_kernel(const DeviceAttention a, const DeviceAttentionGradients g) {
  static_assert(kBackwardKeys == kWarps);
  __shared__ Tile tile;
  __shared__ float keys[kBackwardKeys][kMaxDim], values[kBackwardKeys][kMaxDim];
  const KeyTask task = g.key_tasks[blockIdx.x];
  const int head = blockIdx.y, key_head = head / (a.num_heads / a.num_key_heads);
  const int warp = threadIdx.x / kWarp, lane = threadIdx.x % kWarp;
  const bool mine = warp < task.count;
  for (int d = lane; mine && d < a.head_dim; d += kWarp) {
    const int64_t i =
        (static_cast<int64_t>(task.key_begin + warp) * a.num_key_heads + key_head) * a.head_dim + d;
    keys[warp][d] = static_cast<float>(widen(static_cast<const T*>(a.k)[i]));
    values[warp][d] = static_cast<float>(widen(static_cast<const T*>(a.v)[i]));
  }
  KeySums sums;
  for (int r = 0; r < task.num_readers; ++r) {
    const KeyReader reader = g.readers[task.readers_begin + r];
    const QueryRange range = readers_of<kKind>(a, task, reader);
    for (int first = range.first; first < range.last; first += kTile)
      add_queries<kKind>(a, g, reader, first, head, reader.key_position + warp, mine, keys[warp],
                         values[warp], tile, sums);
  }
  if (!mine) return;
  const int64_t to = (static_cast<int64_t>(head) * a.num_keys + task.key_begin + warp) * a.head_dim;
  store_row(sums.dk, 1, a.head_dim, g.dk + to);
  store_row(sums.dv, 1, a.head_dim, g.dv + to);
}

}  // namespace

void attention_backward(const DeviceAttention& args, const DeviceAttentionGradients& gradients,
                        const KernelStream& stream) {
  with_kernel_of(args, [&](auto zero, auto kind) {
    using T = decltype(zero);
    constexpr Kind kKind = decltype(kind)::kKind;
    launch("gradient of segment_attention's queries on CUDA", query_gradient_kernel<T, kKind>,
           grid_of(args.num_tasks, args), kWarps * kWarp, use_stream(stream), args, gradients);
    launch("gradient of segment_attention's keys on CUDA", key_gradient_kernel<T, kKind>,
           grid_of(gradients.num_key_tasks, args), kWarps * kWarp, use_stream(stream), args, gradients);
  });
}

}  // namespace xlt::ops::cuda
