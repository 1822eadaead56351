// SPDX-License-Identifier: Apache-2.0
// CUDA kernel of sample: one block of threads a row. What is kept is a prefix of the tokens in descending
// order of logit; of it, the inverse transform in order of id.
#include "ops/cuda_common.cuh"
#include "ops/head/sample_kernels.h"
#include "ops/head/sample_select.cuh"

namespace xlt::ops::cuda {
namespace {

// One block fills the registers of a multiprocessor, which are more in number than the rows mostly are.
// clang-format off
// budget: sample_kernel 64 registers, 26624 bytes of shared memory
// clang-format on

struct One {
  __device__ Mass operator()(float) const { return 1; }
};
struct Weight {
  RowView row;
  __device__ Mass operator()(float logit) const { return row.weight(logit); }
};

// Tokens with neighbouring ids, and what the prefix keeps before them: the sum of the weights, and how many
// of its key there are.
struct Span {
  int64_t begin, end;
  Mass mass, ties;
};

// A warp's share of a span, the sum kept before the one behind it, and before the span's end.
struct Split {
  Span share;
  Mass through_share, total;
};

// Every thread must call it.
__device__ Split split(const RowView& row, const Span& span, const Prefix& prefix) {
  __shared__ Mass masses[kWarps], ties[kWarps];
  const int warp = threadIdx.x / kWarp, lane = threadIdx.x % kWarp;
  const int64_t size = span.end - span.begin, step = ((size + kWarps - 1) / kWarps + 3) / 4 * 4;
  const auto start_of = [&](int64_t w) { return span.begin + (w * step < size ? w * step : size); };
  Split result{{start_of(warp), start_of(warp + 1), 0, 0}, 0, 0};
  Mass mass = 0, equals = 0;
  visit_logits(row.logits + result.share.begin, result.share.end - result.share.begin, lane, kWarp,
               [&](float logit, int) {
                 const unsigned key = key_of(logit);
                 if (key > prefix.key) mass += row.weight(logit);
                 if (key == prefix.key) ++equals;
               });
  mass = warp_reduce<Add>(mass);
  equals = warp_reduce<Add>(equals);
  __syncthreads();
  if (lane == 0) {
    masses[warp] = mass;
    ties[warp] = equals;
  }
  __syncthreads();
  const Mass each = prefix.key == 0 ? 0 : row.weight(logit_of(prefix.key));
  Span seen = span;
  for (int w = 0; w < kWarps; ++w) {
    if (w == warp) {
      result.share.mass = seen.mass;
      result.share.ties = seen.ties;
    }
    const Mass left = prefix.equals > seen.ties ? prefix.equals - seen.ties : 0;
    seen.mass += masses[w] + (left < ties[w] ? left : ties[w]) * each;
    seen.ties += ties[w];
    if (w == warp) result.through_share = seen.mass;
  }
  result.total = seen.mass;
  return result;
}

// By one warp, over a span 32 tokens at a time, in order of id: which of them holds the goal.
__device__ void walk(const RowView& row, const Span& span, const Prefix& prefix, Mass goal, int64_t* id) {
  const int lane = threadIdx.x % kWarp;
  Mass mass = span.mass, equals = span.ties;
  for (int64_t first = span.begin; first < span.end && mass <= goal; first += kWarp) {
    const bool there = first + lane < span.end;
    const float logit = there ? row.logits[first + lane] : 0.0f;
    const unsigned key = there ? key_of(logit) : 0;
    const unsigned ties = __ballot_sync(kAllLanes, there && key == prefix.key);
    const Mass lower = static_cast<Mass>(__popc(ties & ((1u << lane) - 1)));
    const bool kept = there && (key > prefix.key || (key == prefix.key && equals + lower < prefix.equals));
    const Mass weight = kept ? row.weight(logit) : 0;
    Mass sum = weight;
    for (int offset = 1; offset < kWarp; offset *= 2) {
      const Mass before = __shfl_up_sync(kAllLanes, sum, offset);
      if (lane >= offset) sum += before;
    }
    if (weight > 0 && mass + sum > goal && mass + sum - weight <= goal) *id = first + lane;
    mass += __shfl_sync(kAllLanes, sum, kWarp - 1);
    equals += static_cast<Mass>(__popc(ties));
  }
}

__device__ Prefix prefix_of(const RowView& row, const SampleArgs& args) {
  Prefix prefix{0, ~Mass{0}};  // everything
  if (args.top_k > 0 && args.top_k < row.size) prefix = select(row, static_cast<Mass>(args.top_k), 0, One());
  if (args.top_p >= 1) return prefix;
  const Mass total = split(row, {0, row.size, 0, 0}, prefix).total;
  Mass goal = static_cast<Mass>(ceil(args.top_p * static_cast<double>(total)));
  if (goal > total) goal = total;  // by rounding
  // Of tokens lighter than this, even a whole row does not weigh what may be left out.
  const float rest = static_cast<float>(total - goal) / static_cast<float>(row.size) / kUnit;
  const Prefix nucleus = select(row, goal, rest, Weight{row});
  return is_shorter(nucleus, prefix) ? nucleus : prefix;
}

// Inverse transform over the kept tokens in order of id: the warp whose share of a span holds the goal leaves
// the share as the next span.
__device__ void draw(const RowView& row, const SampleArgs& args, double uniform, int64_t* id) {
  __shared__ Span holder;
  constexpr int64_t kFew = 4 * kWarp;  // that one warp walks over
  const Prefix prefix = prefix_of(row, args);
  Span span{0, row.size, 0, 0};
  Split parts = split(row, span, prefix);
  Mass goal = static_cast<Mass>(uniform * static_cast<double>(parts.total));
  if (goal >= parts.total) goal = parts.total - 1;
  for (;;) {
    if (threadIdx.x % kWarp == 0 && parts.share.mass <= goal && goal < parts.through_share)
      holder = parts.share;
    __syncthreads();
    span = holder;
    if (span.end - span.begin <= kFew) break;
    parts = split(row, span, prefix);  // its barriers let everyone read before the next one writes
  }
  if (threadIdx.x < kWarp) walk(row, span, prefix, goal, id);
}

__global__ void __launch_bounds__(kThreads) sample_kernel(const SampleArgs args) {
  const int64_t r = blockIdx.x;
  RowView row{args.logits + r * args.vocabulary, args.vocabulary, 0, args.factor};
  float largest = -INFINITY;
  int broken = 0;
  visit_logits(row.logits, row.size, threadIdx.x, kThreads, [&](float logit, int) {
    largest = fmaxf(largest, logit);
    broken |= isnan(logit) ? 1 : 0;
  });
  row.highest = block_reduce<Largest>(largest);
  if (block_reduce<Largest>(broken) != 0 || isinf(row.highest)) {
    if (threadIdx.x == 0) args.ids[r] = -1;
    return;
  }
  if (!args.greedy) return draw(row, args, args.uniforms[r], args.ids + r);
  auto first = static_cast<int>(row.size);
  visit_logits(row.logits, row.size, threadIdx.x, kThreads, [&](float logit, int place) {
    if (logit == row.highest && place < first) first = place;
  });
  first = -block_reduce<Largest>(-first);
  if (threadIdx.x == 0) args.ids[r] = first;
}

}  // namespace

void sample(const SampleArgs& args, const KernelStream& stream) {
  launch("sampling on CUDA", sample_kernel, dim3(static_cast<unsigned>(args.rows)), kThreads,
         use_stream(stream), args);
}

}  // namespace xlt::ops::cuda
