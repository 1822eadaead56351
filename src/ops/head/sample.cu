// SPDX-License-Identifier: Apache-2.0
// CUDA kernel of sample: one block of threads a row, no sort. What is kept is a prefix of the tokens in
// descending order of logit (equals: ascending id); where it ends is found by radix selection on the logits'
// bits. Weights are integers, exp((logit − highest) / temperature) · 2⁴⁰, so that sums do not depend on their
// order.
#include "ops/cuda_common.cuh"
#include "ops/head/sample_kernels.h"

namespace xlt::ops::cuda {
namespace {

// Two blocks a multiprocessor, with 48 KiB of shared memory at most.
// clang-format off
// budget: sample_kernel 64 registers, 34816 bytes of shared memory
// clang-format on

using Mass = unsigned long long;

constexpr int kThreads = kIsEmulated ? 64 : 512, kWarps = kThreads / kWarp;
constexpr int kRadixBits = 11, kBins = 1 << kRadixBits;
constexpr float kUnit = 1099511627776.0f;  // 2⁴⁰; the sum over 2²³ tokens fits 64 bits

// Larger for larger logits. No logit is NaN.
__device__ unsigned key_of(float logit) {
  const unsigned bits = __float_as_uint(logit + 0.0f);  // −0 is 0
  return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}
__device__ float logit_of(unsigned key) {
  return __uint_as_float((key & 0x80000000u) != 0 ? key & 0x7fffffffu : ~key);
}

struct RowView {
  const float* logits;
  int64_t size;
  float highest, factor;
  __device__ Mass weight(float logit) const {
    return static_cast<Mass>(exp((logit - highest) * factor) * kUnit + 0.5f);
  }
};

// The most probable tokens: those above `key`, and of its equals the `equals` with the lowest ids.
struct Prefix {
  unsigned key;
  Mass equals;
};
__device__ bool is_shorter(const Prefix& a, const Prefix& b) {
  return a.key != b.key ? a.key > b.key : a.equals < b.equals;
}

// Where the sum over the bins from the highest down reaches `goal` (or the last bin that holds anything): the
// bin, and the sum above it.
struct Crossing {
  int bin;
  Mass above;
};

// A lane's run of bins, from `highest` down. Starts from the sum above it.
__device__ Crossing walk_bins(const Mass* bins, int highest, int count, Mass above, Mass goal) {
  Crossing last{highest, above};
  for (int bin = highest; bin > highest - count; --bin) {
    if (bins[bin] == 0) continue;
    last = {bin, above};
    above += bins[bin];
    if (above >= goal) break;
  }
  return last;
}

// By the first warp: each lane sums a run of bins, and the first one whose sum and those above it reach the
// goal walks over its run.
__device__ Crossing find_crossing(const Mass* bins, Mass above, Mass goal) {
  __shared__ Crossing found;
  constexpr int kRun = kBins / kWarp;
  __syncthreads();
  if (threadIdx.x < kWarp) {
    const int lane = threadIdx.x, highest = kBins - 1 - lane * kRun;
    Mass mine = 0;
    for (int bin = highest; bin > highest - kRun; --bin) mine += bins[bin];
    Mass sum = mine;
    for (int offset = 1; offset < kWarp; offset *= 2) {
      const Mass before = __shfl_up_sync(kAllLanes, sum, offset);
      if (lane >= offset) sum += before;
    }
    const unsigned reached = __ballot_sync(kAllLanes, mine > 0 && above + sum >= goal);
    const unsigned holds = __ballot_sync(kAllLanes, mine > 0);
    // The lowest bit of the lanes that reach it; where none does, the highest of those that hold anything.
    const unsigned chosen = reached != 0 ? reached & (~reached + 1) : 1u << (31 - __clz(holds));
    if (1u << lane == chosen) found = walk_bins(bins, highest, kRun, above + sum - mine, goal);
  }
  __syncthreads();
  return found;
}

// The shortest prefix whose sum of `value(logit)` reaches `goal`; at least one token. Of equals, `value` is
// the same.
template <typename Value>
__device__ Prefix select(const RowView& row, Mass goal, const Value& value) {
  __shared__ Mass bins[kBins];
  unsigned prefix = 0, known = 0;  // bits of the key found so far, and which those are
  Mass above = 0;
  constexpr int kShifts[] = {32 - kRadixBits, 32 - 2 * kRadixBits, 0};
  for (const int shift : kShifts) {
    const int bits = shift == 0 ? 32 - 2 * kRadixBits : kRadixBits;
    __syncthreads();
    for (int bin = threadIdx.x; bin < kBins; bin += kThreads) bins[bin] = 0;
    __syncthreads();
    for (int64_t i = threadIdx.x; i < row.size; i += kThreads) {
      const unsigned key = key_of(row.logits[i]);
      if ((key & known) == prefix) atomicAdd(&bins[key >> shift & ((1u << bits) - 1)], value(row.logits[i]));
    }
    const Crossing crossing = find_crossing(bins, above, goal);
    above = crossing.above;
    prefix |= static_cast<unsigned>(crossing.bin) << shift;
    known |= ((1u << bits) - 1) << shift;
  }
  const Mass each = value(logit_of(prefix)), left = goal > above ? goal - above : 0;
  const Mass equals = each == 0 ? 1 : (left + each - 1) / each;
  return {prefix, equals < 1 ? 1 : equals};
}

struct One {
  __device__ Mass operator()(float) const { return 1; }
};
struct Weight {
  RowView row;
  __device__ Mass operator()(float logit) const { return row.weight(logit); }
};

// A warp's share of the row, in order of id.
struct Share {
  int64_t begin, end;
};
__device__ Share share_of(int64_t size) {
  const int64_t step = (size + kWarps - 1) / kWarps, begin = threadIdx.x / kWarp * step;
  return {begin < size ? begin : size, begin + step < size ? begin + step : size};
}

// Sums over the row's shares, each warp giving its own: before mine, and of all. Every thread must call it.
struct Scan {
  Mass before, total;
};
__device__ Scan scan_warps(Mass mine) {
  __shared__ Mass sums[kWarps];
  __syncthreads();
  if (threadIdx.x % kWarp == 0) sums[threadIdx.x / kWarp] = mine;
  __syncthreads();
  Scan scan{0, 0};
  for (int warp = 0; warp < kWarps; ++warp) {
    if (warp < static_cast<int>(threadIdx.x / kWarp)) scan.before += sums[warp];
    scan.total += sums[warp];
  }
  return scan;
}

// Walks over a warp's share 32 tokens at a time: visit(id, weight of this lane's token, 0 if it is not kept).
// `equals_before`: equals of the prefix's key in earlier shares.
template <typename Visit>
__device__ void walk(const RowView& row, const Share& share, const Prefix& prefix, Mass equals_before,
                     const Visit& visit) {
  const int lane = threadIdx.x % kWarp;
  Mass equals = equals_before;
  for (int64_t first = share.begin; first < share.end; first += kWarp) {
    const int64_t id = first + lane;
    const bool there = id < share.end;
    const float logit = there ? row.logits[id] : 0.0f;
    const unsigned key = there ? key_of(logit) : 0;
    const unsigned ties = __ballot_sync(kAllLanes, there && key == prefix.key);
    const Mass lower = static_cast<Mass>(__popc(ties & ((1u << lane) - 1)));
    const bool kept = there && (key > prefix.key || (key == prefix.key && equals + lower < prefix.equals));
    if (visit(id, kept ? row.weight(logit) : 0)) return;
    equals += static_cast<Mass>(__popc(ties));
  }
}

__device__ Mass equals_before(const RowView& row, const Share& share, unsigned key) {
  Mass equals = 0;
  for (int64_t id = share.begin + threadIdx.x % kWarp; id < share.end; id += kWarp)
    if (key_of(row.logits[id]) == key) ++equals;
  return scan_warps(warp_reduce<Add>(equals)).before;
}

struct Kept {
  Mass equals_before, mass_before, total;
};
__device__ Kept kept_by(const RowView& row, const Share& share, const Prefix& prefix) {
  Kept kept{equals_before(row, share, prefix.key), 0, 0};
  Mass mine = 0;
  walk(row, share, prefix, kept.equals_before, [&](int64_t, Mass weight) {
    mine += weight;
    return false;
  });
  const Scan scan = scan_warps(warp_reduce<Add>(mine));
  kept.mass_before = scan.before;
  kept.total = scan.total;
  return kept;
}

__device__ Prefix prefix_of(const RowView& row, const Share& share, const SampleArgs& args) {
  Prefix prefix{0, ~Mass{0}};  // everything
  if (args.top_k > 0 && args.top_k < row.size) prefix = select(row, static_cast<Mass>(args.top_k), One());
  if (args.top_p >= 1) return prefix;
  const Mass total = kept_by(row, share, prefix).total;
  const Prefix nucleus =
      select(row, static_cast<Mass>(ceil(args.top_p * static_cast<double>(total))), Weight{row});
  return is_shorter(nucleus, prefix) ? nucleus : prefix;
}

// Inverse transform over the kept tokens in order of id: the warp whose share holds the goal finds the token.
__device__ void draw(const RowView& row, const SampleArgs& args, double uniform, int64_t* id) {
  const Share share = share_of(row.size);
  const Prefix prefix = prefix_of(row, share, args);
  const Kept kept = kept_by(row, share, prefix);
  Mass goal = static_cast<Mass>(uniform * static_cast<double>(kept.total));
  if (goal >= kept.total) goal = kept.total - 1;
  if (goal < kept.mass_before) return;
  Mass mass = kept.mass_before;
  walk(row, share, prefix, kept.equals_before, [&](int64_t candidate, Mass weight) {
    Mass sum = weight;
    const int lane = threadIdx.x % kWarp;
    for (int offset = 1; offset < kWarp; offset *= 2) {
      const Mass lower = __shfl_up_sync(kAllLanes, sum, offset);
      if (lane >= offset) sum += lower;
    }
    if (weight > 0 && mass + sum > goal && mass + sum - weight <= goal) *id = candidate;
    mass += __shfl_sync(kAllLanes, sum, kWarp - 1);
    return mass > goal;
  });
}

__global__ void __launch_bounds__(kThreads) sample_kernel(const SampleArgs args) {
  const int64_t r = blockIdx.x;
  RowView row{args.logits + r * args.vocabulary, args.vocabulary, 0, args.factor};
  float largest = -INFINITY;
  int broken = 0;
  for (int64_t i = threadIdx.x; i < row.size; i += kThreads) {
    largest = fmaxf(largest, row.logits[i]);
    broken |= isnan(row.logits[i]) ? 1 : 0;
  }
  row.highest = block_reduce<Largest>(largest);
  if (block_reduce<Largest>(broken) != 0 || isinf(row.highest)) {
    if (threadIdx.x == 0) args.ids[r] = -1;
    return;
  }
  if (!args.greedy) return draw(row, args, args.uniforms[r], args.ids + r);
  int64_t first = row.size;
  for (int64_t i = threadIdx.x; i < row.size && first == row.size; i += kThreads)
    if (row.logits[i] == row.highest) first = i;
  first = -block_reduce<Largest>(-first);
  if (threadIdx.x == 0) args.ids[r] = first;
}

}  // namespace

void sample(const SampleArgs& args, const KernelStream& stream) {
  launch("sampling on CUDA", sample_kernel, dim3(static_cast<unsigned>(args.rows)), kThreads,
         use_stream(stream), args);
}

}  // namespace xlt::ops::cuda
