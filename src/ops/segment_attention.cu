// CUDA kernels of segment_attention: exact attention by tiles of 32 keys with an online softmax (Dao et al.
// 2022, algorithms 1 and 4). A lane owns a key (or, for the gradients of keys, a query) while logits are made
// and a share of the dimensions while rows are summed. Tiles begin at fixed positions and what a row does not
// see enters as an exact zero, so a query's result depends on its own keys alone. No atomics: every sum has
// one owner and one order. SPDX-License-Identifier: Apache-2.0
#include "ops/cuda_common.cuh"
#include "ops/segment_attention_device.h"

namespace xlt::ops::cuda {
namespace {

// Five blocks a multiprocessor: 96 registers a thread (65,536 of them, in steps of 8), 42 KiB of 227 (sm_90;
// three blocks with sm_80, whose shared memory ends before its registers: 99 do no harm to sm_80, 86 and 89).
// clang-format off
// budget: forward_kernel 96 registers, 43008 bytes of shared memory
// budget: query_gradient_kernel 96 registers, 43008 bytes of shared memory
// budget: key_gradient_kernel 99 registers, 43008 bytes of shared memory
// clang-format on

constexpr int kWarps = 4, kTile = kWarp;
constexpr int kMaxDim = static_cast<int>(kMaxHeadDim), kPerLane = kMaxDim / kWarp;
constexpr float kUnseen = -INFINITY;

// 32 rows in shared memory; a row's stride is odd, so that lanes that read one column of 32 rows meet 32
// banks.
struct Tile {
  float rows[kTile][kMaxDim + 1];
};

struct Logit {
  float value;  // scaled and capped
  float slope;  // its derivative by the product q · k
};
__device__ Logit finish(const DeviceAttention& a, float product) {
  const float scaled = product * a.scale;
  if (a.softcap <= 0) return {scaled, a.scale};
  const float t = tanh(scaled / a.softcap);
  return {a.softcap * t, a.scale * (1 - t * t)};
}

__device__ bool sees(const DeviceAttention& a, int query_position, int key_position) {
  return key_position <= query_position && (a.window == 0 || key_position > query_position - a.window);
}

// The key row at a position of a task's spans.
__device__ int key_row(const DeviceAttention& a, const QueryTask& task, int position) {
  const KeySpan* span = a.spans + task.spans_begin;
  while (position >= span->length) position -= (span++)->length;
  return span->begin + position;
}

// Positions [first, end) that any query of a task sees; `first` at a tile's begin.
__device__ int first_seen(const DeviceAttention& a, const QueryTask& task) {
  const int first = a.window > 0 ? task.position - a.window + 1 : 0;
  return first > 0 ? first / kTile * kTile : 0;
}

// Row `warp`, `warp` + 4 … of the tile ← rows of k or v at positions begin …; zeros from `end` on.
template <typename T>
__device__ void load_keys(const DeviceAttention& a, const QueryTask& task, const void* array, int begin,
                          int end, int key_head, Tile& tile) {
  const int lane = threadIdx.x % kWarp;
  for (int r = threadIdx.x / kWarp; r < kTile; r += kWarps) {
    const int position = begin + r;
    const T* from = nullptr;
    if (position < end)
      from = static_cast<const T*>(array) +
             (static_cast<int64_t>(key_row(a, task, position)) * a.num_key_heads + key_head) * a.head_dim;
    for (int d = lane; d < a.head_dim; d += kWarp)
      tile.rows[r][d] = from == nullptr ? 0.0f : static_cast<float>(widen(from[d]));
  }
}

// ∑ row[d] · x[d].
__device__ float dot(const float* row, const float* x, int head_dim) {
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
__device__ void add_rows(const Tile& tile, float weight, int head_dim, float (&sums)[kPerLane]) {
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

__device__ void store_row(const float (&sums)[kPerLane], float factor, int head_dim, float* to) {
  const int lane = threadIdx.x % kWarp;
#pragma unroll
  for (int i = 0; i < kPerLane; ++i)
    if (lane + i * kWarp < head_dim) to[lane + i * kWarp] = sums[i] * factor;
}

// `count` rows of […, heads, D] from `first` on ← or zeros, into shared memory.
template <int kRows>
__device__ void load_rows(const float* from, int64_t first, int count, int heads, int head, int head_dim,
                          float (&rows)[kRows][kMaxDim]) {
  for (int i = threadIdx.x; i < kRows * head_dim; i += blockDim.x) {
    const int r = i / head_dim, d = i % head_dim;
    rows[r][d] = r < count ? from[((first + r) * heads + head) * head_dim + d] : 0.0f;
  }
}

// ---- forward ----

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

template <typename T>
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
  const int end = task.position + task.count;
  for (int begin = first_seen(a, task); begin < end; begin += kTile) {
    float weights[kPerWarp];
    __syncthreads();
    load_keys<T>(a, task, a.k, begin, end, key_head, tile);
    __syncthreads();
    for (int n = 0; n < kPerWarp; ++n) {
      const int query = warp * kPerWarp + n;
      const bool seen = query < task.count && sees(a, task.position + query, begin + lane);
      weights[n] = seen ? finish(a, dot(tile.rows[lane], queries[query], a.head_dim)).value : kUnseen;
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

// ---- backward: p = softmax(s), δ = dout·out, ds = p·(dout·v − δ)·∂s/∂(q·k) ----

struct Gradient {
  float p, ds;
};
__device__ Gradient gradient_of(const DeviceAttention& a, bool seen, float product, float lse, float dp,
                                float delta) {
  if (!seen) return {0, 0};
  const Logit logit = finish(a, product);
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
template <typename T>
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
  const int end = task.position + task.count;
  for (int begin = first_seen(a, task); begin < end; begin += kTile) {
    const bool seen = mine && sees(a, task.position + query, begin + lane);
    __syncthreads();
    load_keys<T>(a, task, a.v, begin, end, key_head, tile);
    __syncthreads();
    const float dp = dot(tile.rows[lane], douts[query], a.head_dim);
    __syncthreads();
    load_keys<T>(a, task, a.k, begin, end, key_head, tile);
    __syncthreads();
    const float product = dot(tile.rows[lane], queries[query], a.head_dim);
    add_rows(tile, gradient_of(a, seen, product, lse, dp, delta).ds, a.head_dim, sums);
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

// The queries `first` … of a reader; a lane owns a query. `key`, `value`: this warp's, in shared memory.
__device__ void add_queries(const DeviceAttention& a, const DeviceAttentionGradients& g,
                            const KeyReader& reader, int first, int head, int key_position, bool mine,
                            const float* key, const float* value, Tile& tile, KeySums& sums) {
  const int query = first + threadIdx.x % kWarp;
  const bool seen = mine && query < reader.num_queries && sees(a, reader.position + query, key_position);
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
  const Gradient gradient = gradient_of(a, seen, product, a.lse[row], dot(dout, value, a.head_dim), delta);
  add_rows(tile, gradient.p, a.head_dim, sums.dv);
  __syncthreads();
  load_queries(a, a.q, reader, first, head, tile);
  __syncthreads();
  add_rows(tile, gradient.ds, a.head_dim, sums.dk);
}

// dk and dv: a warp owns a key.
template <typename T>
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
    // Queries before the task's first key do not see it, nor do those a window and more behind its last.
    int first = reader.key_position - reader.position, last = reader.num_queries;
    if (first < 0) first = 0;
    if (a.window > 0 && reader.key_position + task.count - 1 + a.window - reader.position < last)
      last = reader.key_position + task.count - 1 + a.window - reader.position;
    for (; first < last; first += kTile)
      add_queries(a, g, reader, first, head, reader.key_position + warp, mine, keys[warp], values[warp], tile,
                  sums);
  }
  if (!mine) return;
  const int64_t to = (static_cast<int64_t>(head) * a.num_keys + task.key_begin + warp) * a.head_dim;
  store_row(sums.dk, 1, a.head_dim, g.dk + to);
  store_row(sums.dv, 1, a.head_dim, g.dv + to);
}

template <typename Function>
void with_key_dtype(KernelDtype dtype, Function function) {
  if (dtype == KernelDtype::kBf16) return function(__nv_bfloat16{});
  if (dtype == KernelDtype::kF16) return function(__half{});
  XLT_CHECK(dtype == KernelDtype::kF32, "attention over keys of float64 on CUDA");
  function(float{});
}

dim3 grid_of(int32_t tasks, const DeviceAttention& args) {
  return dim3(static_cast<unsigned>(tasks), static_cast<unsigned>(args.num_heads));
}

}  // namespace

void attention_forward(const DeviceAttention& args, const KernelStream& stream) {
  with_key_dtype(args.dtype, [&](auto zero) {
    launch("segment_attention on CUDA", forward_kernel<decltype(zero)>, grid_of(args.num_tasks, args),
           kWarps * kWarp, use_stream(stream), args);
  });
}

void attention_backward(const DeviceAttention& args, const DeviceAttentionGradients& gradients,
                        const KernelStream& stream) {
  with_key_dtype(args.dtype, [&](auto zero) {
    launch("gradient of segment_attention's queries on CUDA", query_gradient_kernel<decltype(zero)>,
           grid_of(args.num_tasks, args), kWarps * kWarp, use_stream(stream), args, gradients);
    launch("gradient of segment_attention's keys on CUDA", key_gradient_kernel<decltype(zero)>,
           grid_of(gradients.num_key_tasks, args), kWarps * kWarp, use_stream(stream), args, gradients);
  });
}

}  // namespace xlt::ops::cuda
