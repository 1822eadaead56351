// SPDX-License-Identifier: Apache-2.0
// CUDA kernels over rows of logits: one block of threads a row.
#include "ops/cuda_common.cuh"
#include "ops/head/head_kernels.h"

namespace xlt::ops::cuda {
namespace {

// 32 registers let a multiprocessor hold all the threads it can (65,536 registers, 2,048 threads).
// clang-format off
// budget: add_kernel 32 registers, 512 bytes of shared memory
// budget: gradient_kernel 32 registers, 0 bytes of shared memory
// clang-format on

constexpr int kMaxThreads = kIsEmulated ? 64 : 512;

__global__ void add_kernel(const LogitRows args) {
  const int64_t row = blockIdx.x, columns = args.block.columns;
  const float* x = args.block.logits + row * columns;
  OnlineLogSumExp& state = args.states[row];
  float largest = x[0];
  for (int64_t i = threadIdx.x; i < columns; i += blockDim.x) largest = Largest()(largest, x[i]);
  const double before = state.highest, now = block_reduce<Largest>(largest);
  const double highest = Largest()(before, now);
  const float shift = static_cast<float>(highest);
  float sum = 0;
  for (int64_t i = threadIdx.x; i < columns; i += blockDim.x) sum += exp(x[i] - shift);
  const double total = block_sum(static_cast<double>(sum));
  if (threadIdx.x != 0) return;
  state.sum = state.sum * exp(before - highest) + total;
  state.highest = highest;
  const int64_t target = args.block.targets[row] - args.block.first;
  if (target >= 0 && target < columns) state.target = x[target];
}

__global__ void gradient_kernel(const LogitRows args) {
  const int64_t row = blockIdx.x, columns = args.block.columns;
  float* x = args.block.logits + row * columns;
  const OnlineLogSumExp& state = args.states[row];
  const float inverse = args.softcap > 0 ? 1 / args.softcap : 0;
  const float highest = static_cast<float>(state.highest);
  const double share = 1 / state.sum;
  const int64_t target = args.block.targets[row] - args.block.first;
  for (int64_t i = threadIdx.x; i < columns; i += blockDim.x) {
    const float capped = x[i] * inverse;
    const float probability = exp(x[i] - highest) * static_cast<float>(share);
    x[i] = args.scale * (1 - capped * capped) * ((i == target ? 1 : 0) - probability);
  }
}

void launch_rows(const char* what, void (*kernel)(LogitRows), const LogitRows& args,
                 const KernelStream& stream) {
  launch(what, kernel, dim3(static_cast<unsigned>(args.block.rows)),
         whole_warps(args.block.columns, kMaxThreads), use_stream(stream), args);
}

}  // namespace

void add_block(const LogitRows& args, const KernelStream& stream) {
  launch_rows("log-sum-exp of logits on CUDA", add_kernel, args, stream);
}

void gradient_in_place(const LogitRows& args, const KernelStream& stream) {
  launch_rows("gradient of logits on CUDA", gradient_kernel, args, stream);
}

}  // namespace xlt::ops::cuda
