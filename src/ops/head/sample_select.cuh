// SPDX-License-Identifier: Apache-2.0
// Which tokens of a row of logits are a prefix in descending order of logit (equals: ascending id), found by
// one block of threads without a sort: by a histogram of the logits, then by radix selection on the bits of
// those in one bin. Weights are integers, so that sums do not depend on their order.
#pragma once

#include "ops/cuda_common.cuh"

namespace xlt::ops::cuda {

using Mass = unsigned long long;

constexpr int kThreads = kIsEmulated ? 64 : 1024, kWarps = kThreads / kWarp;
constexpr int kRadixBits = 11, kBins = 1 << kRadixBits;
constexpr int kMostNear = 2048;            // tokens of one bin that are copied to shared memory
constexpr float kUnit = 1099511627776.0f;  // 2⁴⁰; the sum over 2²³ tokens fits 64 bits
constexpr float kRange = 28;  // e^−28 · 2⁴⁰ rounds to 1: nothing further down weighs anything

// Larger for larger logits. No logit is NaN.
__device__ inline unsigned key_of(float logit) {
  const unsigned bits = __float_as_uint(logit + 0.0f);  // −0 is 0
  return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}
__device__ inline float logit_of(unsigned key) {
  return __uint_as_float((key & 0x80000000u) != 0 ? key & 0x7fffffffu : ~key);
}

// visit(logit, place) for `count` logits, shared among `stride` threads (32 or more), in any order. They are
// read 16 bytes at a time, several times before any is looked at, for one block cannot hide the latency
// otherwise.
template <typename Visit>
__device__ void visit_logits(const float* logits, int64_t count, int thread, int stride, const Visit& visit) {
  constexpr int kAhead = 4;
  const auto size = static_cast<int>(count);
  const int from_boundary = static_cast<int>(reinterpret_cast<uintptr_t>(logits) / sizeof(float) % 4);
  const int to_boundary = (4 - from_boundary) % 4, head = to_boundary < size ? to_boundary : size;
  const int vectors = (size - head) / 4, tail = head + 4 * vectors;
  if (thread < size - 4 * vectors) {
    const int place = thread < head ? thread : tail + thread - head;
    visit(logits[place], place);
  }
  const uint4* from = reinterpret_cast<const uint4*>(logits + head);
  for (int first = thread; first < vectors; first += kAhead * stride) {
    uint4 read[kAhead];
#pragma unroll
    for (int i = 0; i < kAhead; ++i)
      if (first + i * stride < vectors) read[i] = from[first + i * stride];
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      if (first + i * stride >= vectors) break;
      const int place = head + 4 * (first + i * stride);
      visit(__uint_as_float(read[i].x), place);
      visit(__uint_as_float(read[i].y), place + 1);
      visit(__uint_as_float(read[i].z), place + 2);
      visit(__uint_as_float(read[i].w), place + 3);
    }
  }
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
__device__ inline bool is_shorter(const Prefix& a, const Prefix& b) {
  return a.key != b.key ? a.key > b.key : a.equals < b.equals;
}

// Sums, each in two halves: multiprocessors add 32 bits in shared memory, but make a loop of 64. A run of
// bins is followed by a gap, so that 32 lanes that walk over a run each read from 32 banks.
constexpr int kRun = kBins / kWarp;
struct Bins {
  unsigned low[kBins + kWarp], high[kBins + kWarp];

  __device__ static int slot(int bin) { return bin + bin / kRun; }
  __device__ Mass operator[](int bin) const {
    return static_cast<Mass>(high[slot(bin)]) << 32 | low[slot(bin)];
  }
  __device__ void add(int bin, Mass value) {
    const auto lower = static_cast<unsigned>(value);
    auto upper = static_cast<unsigned>(value >> 32);
    // Every wrap of the lower half is seen by the one that made it, so the sum is exact in any order.
    if (lower != 0 && atomicAdd(&low[slot(bin)], lower) + lower < lower) ++upper;
    if (upper != 0) atomicAdd(&high[slot(bin)], upper);
  }
  // Every thread must call it.
  __device__ void clear() {
    __syncthreads();
    for (int i = threadIdx.x; i < kBins + kWarp; i += kThreads) low[i] = high[i] = 0;
    __syncthreads();
  }
};

// What a block shares, beside what crosses between its warps.
struct Scratch {
  Bins bins;
  unsigned near[kMostNear];  // keys
  int num_near;
};
__device__ inline Scratch& scratch() {
  __shared__ Scratch shared;
  return shared;
}

// Where the sum over the bins from the highest down reaches `goal`: the bin, and the sum above it. The lowest
// bin where none of those above it does, whatever it holds.
struct Crossing {
  int bin;
  Mass above;
};

// A lane's run of bins, from `highest` down. Starts from the sum above it.
__device__ inline Crossing walk_bins(const Bins& bins, int highest, Mass above, Mass goal) {
  int bin = highest;
  for (; bin > highest - kRun + 1; --bin) {
    const Mass mine = bins[bin];
    if (mine > 0 && above + mine >= goal) break;
    above += mine;
  }
  return {bin, above};
}

// By the first warp: each lane sums a run of bins, and the first one whose sum and those above it reach the
// goal walks over its run.
__device__ inline Crossing find_crossing(const Bins& bins, Mass above, Mass goal) {
  __shared__ Crossing found;
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
    // The lowest bit of the lanes that reach it; where none does, the lowest bins.
    const unsigned chosen = reached != 0 ? reached & (~reached + 1) : 1u << (kWarp - 1);
    if (1u << lane == chosen) found = walk_bins(bins, highest, above + sum - mine, goal);
  }
  __syncthreads();
  return found;
}

// A histogram of the logits from `low` to the highest. Everything lower is bin 0, whose sum nobody needs to
// know: it is where the goal is reached that no other bin reaches. So `low` has no influence on what is
// selected, and it may be a guess: where it lies above most tokens, these cost no atomic operation. Bins of
// equal width, unlike those of keys, hold few of the tokens each, wherever logits are spread.
struct Histogram {
  float low, scale;
  // `rest`: the weight, in units of the highest one's, below which the prefix is not expected to end.
  __device__ Histogram(const RowView& row, float rest) {
    low = row.highest + fmaxf(log(rest), -kRange) / row.factor;
    scale = static_cast<float>(kBins - 2) / (row.highest - low);
    if (scale > 0 && scale < INFINITY) return;
    low = row.highest;
    scale = 0;
  }
  // Not less for a larger logit; of equals, the same. The highest is in no bin 0.
  __device__ int bin_of(float logit) const {
    if (logit < low) return 0;
    const int above_low = static_cast<int>((logit - low) * scale);
    return 1 + (above_low < kBins - 2 ? above_low : kBins - 2);
  }
};

// The tokens of one bin of the histogram: their keys in shared memory, or the row where they do not fit.
struct NearTokens {
  const RowView& row;
  const Histogram& histogram;
  int bin;

  __device__ NearTokens(const RowView& of, const Histogram& by, int in) : row(of), histogram(by), bin(in) {
    Scratch& shared = scratch();
    if (threadIdx.x == 0) shared.num_near = 0;
    __syncthreads();
    visit_row([&](unsigned key) {
      const int place = atomicAdd(&shared.num_near, 1);
      if (place < kMostNear) shared.near[place] = key;
    });
    __syncthreads();
  }
  template <typename Visit>
  __device__ void visit_row(const Visit& visit) const {
    visit_logits(row.logits, row.size, threadIdx.x, kThreads, [&](float logit, int) {
      if (histogram.bin_of(logit) == bin) visit(key_of(logit));
    });
  }
  template <typename Visit>
  __device__ void visit(const Visit& visit) const {
    const Scratch& shared = scratch();
    if (shared.num_near > kMostNear) return visit_row(visit);
    for (int i = threadIdx.x; i < shared.num_near; i += kThreads) visit(shared.near[i]);
  }
};

// The shortest prefix whose sum of `value(logit)` reaches `goal`, which the whole row does; at least one
// token. Of equals, `value` is the same. `rest`: as of Histogram.
template <typename Value>
__device__ Prefix select(const RowView& row, Mass goal, float rest, const Value& value) {
  Bins& bins = scratch().bins;
  const Histogram histogram(row, rest);
  bins.clear();
  visit_logits(row.logits, row.size, threadIdx.x, kThreads, [&](float logit, int) {
    const int bin = histogram.bin_of(logit);
    if (bin > 0) bins.add(bin, value(logit));
  });
  const Crossing coarse = find_crossing(bins, 0, goal);
  const NearTokens near(row, histogram, coarse.bin);
  unsigned prefix = 0, known = 0;  // bits of the key found so far, and which those are
  Mass above = coarse.above;
  for (int shift = 32 - kRadixBits; known != ~0u; shift = shift > kRadixBits ? shift - kRadixBits : 0) {
    const unsigned mask = shift > 0 ? kBins - 1 : ~(known >> shift);
    bins.clear();
    near.visit([&](unsigned key) {
      if ((key & known) == prefix) bins.add(static_cast<int>(key >> shift & mask), value(logit_of(key)));
    });
    const Crossing crossing = find_crossing(bins, above, goal);
    above = crossing.above;
    prefix |= static_cast<unsigned>(crossing.bin) << shift;
    known |= mask << shift;
  }
  const Mass each = value(logit_of(prefix)), left = goal > above ? goal - above : 0;
  const Mass equals = each == 0 ? 1 : (left + each - 1) / each;
  return {prefix, equals < 1 ? 1 : equals};
}

}  // namespace xlt::ops::cuda
