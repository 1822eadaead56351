// SPDX-License-Identifier: Apache-2.0
// CUDA kernel of kv_append: one block a row.
#include "ops/cuda_common.cuh"
#include "ops/kv/kv_append_kernels.h"

namespace xlt::ops::cuda {
namespace {

// 32 registers let a multiprocessor hold all the threads it can (65,536 registers, 2,048 threads).
// clang-format off
// budget: append_kernel 32 registers, 0 bytes of shared memory
// clang-format on

// A row as `units` of type Unit, of the keys (blockIdx.y 0) or the values.
template <typename Unit>
__global__ void append_kernel(const KvAppendArgs args, int64_t units) {
  const int64_t row = blockIdx.x;
  const KvRows& rows = blockIdx.y == 0 ? args.keys : args.values;
  const auto* from = reinterpret_cast<const Unit*>(static_cast<const char*>(rows.from) + row * rows.stride);
  Unit* to = static_cast<Unit*>(rows.to) + args.slots[row] * units;
  for (int64_t i = threadIdx.x; i < units; i += blockDim.x) to[i] = from[i];
}

bool is_aligned(const KvRows& rows, uintptr_t bytes) {
  return reinterpret_cast<uintptr_t>(rows.from) % bytes == 0 &&
         reinterpret_cast<uintptr_t>(rows.to) % bytes == 0 &&
         static_cast<uintptr_t>(rows.stride) % bytes == 0;
}

template <typename Unit>
void launch_append(const KvAppendArgs& args, cudaStream_t stream) {
  constexpr int kMaxThreads = 256;
  const int64_t units = args.row_bytes / static_cast<int64_t>(sizeof(Unit));
  launch("kv_append on CUDA", append_kernel<Unit>, dim3(static_cast<unsigned>(args.rows), 2),
         whole_warps(units, kMaxThreads), stream, args, units);
}

}  // namespace

void kv_append(const KvAppendArgs& args, const KernelStream& stream) {
  constexpr int64_t kWide = sizeof(uint4);
  if (args.row_bytes % kWide == 0 && is_aligned(args.keys, kWide) && is_aligned(args.values, kWide))
    launch_append<uint4>(args, use_stream(stream));
  else
    launch_append<uint16_t>(args, use_stream(stream));
}

}  // namespace xlt::ops::cuda
