// SPDX-License-Identifier: Apache-2.0
// The emulation itself: indices, shared memory and barriers, shuffles, votes, atomics, threads that return
// early, and misuse.
#include "ops/cuda_common.cuh"

#include <vector>

#include <gtest/gtest.h>

namespace xlt::ops::cuda {
namespace {

__global__ void number_kernel(int* cells) {
  const unsigned block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  cells[block * blockDim.x + threadIdx.x] += static_cast<int>(block * blockDim.x + threadIdx.x);
}

TEST(CudaEmulation, EveryThreadOfEveryBlockRunsOnce) {
  std::vector<int> cells(2 * 3 * 4 * 64);
  launch("numbers", number_kernel, dim3(2, 3, 4), 64, nullptr, cells.data());
  for (size_t i = 0; i < cells.size(); ++i) EXPECT_EQ(cells[i], i);
}

__global__ void reverse_kernel(int* cells, int count) {
  __shared__ int shared[128];
  for (int i = threadIdx.x; i < count; i += blockDim.x) shared[i] = cells[i];
  __syncthreads();
  for (int i = threadIdx.x; i < count; i += blockDim.x) cells[i] = shared[count - 1 - i];
}

TEST(CudaEmulation, SharedMemoryIsSeenBehindABarrier) {
  std::vector<int> cells(100);
  for (int i = 0; i < 100; ++i) cells[i] = i;
  launch("reverse", reverse_kernel, dim3(1), 32, nullptr, cells.data(), 100);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(cells[i], 99 - i);
}

__global__ void warp_kernel(int* sums, unsigned* votes, int* neighbours, int* tickets) {
  const int i = threadIdx.x;
  sums[i] = warp_reduce<Add>(i);
  votes[i] = __ballot_sync(kAllLanes, i % 3 == 0);
  neighbours[i] = __shfl_down_sync(kAllLanes, i, 1) - __shfl_up_sync(kAllLanes, i, 2);
  atomicAdd(tickets, 1);
  atomicMax(tickets + 1, i);
}

TEST(CudaEmulation, LanesOfAWarpExchangeVoteAndCount) {
  std::vector<int> sums(64), neighbours(64), tickets(2);
  std::vector<unsigned> votes(64);
  launch("warp", warp_kernel, dim3(3), 64, nullptr, sums.data(), votes.data(), neighbours.data(),
         tickets.data());
  EXPECT_EQ(sums[0], 31 * 16);
  EXPECT_EQ(sums[63], 31 * 16 + 32 * 32);
  EXPECT_EQ(votes[5], 0x49249249u);
  EXPECT_EQ(votes[40], 0x92492492u);  // 33, 36 …: lanes 1, 4 …
  EXPECT_EQ(neighbours[0], 1);
  EXPECT_EQ(neighbours[10], 3);
  EXPECT_EQ(neighbours[31], 2);
  EXPECT_EQ(tickets[0], 3 * 64);
  EXPECT_EQ(tickets[1], 63);
}

__global__ void leaving_kernel(int* cells) {
  if (threadIdx.x >= 32) return;  // a whole warp
  __syncthreads();
  cells[threadIdx.x] = warp_reduce<Add>(1);
}

TEST(CudaEmulation, ThreadsThatHaveReturnedAreNotWaitedFor) {
  std::vector<int> cells(32);
  launch("leaving", leaving_kernel, dim3(2), 96, nullptr, cells.data());
  EXPECT_EQ(cells[7], 32);
}

__global__ void sum_kernel(const double* x, int count, double* total) {
  double sum = 0;
  for (int i = threadIdx.x; i < count; i += blockDim.x) sum += x[i];
  const double once = block_sum(sum), twice = block_sum(sum);
  if (threadIdx.x == 0) *total = once + twice;
}

TEST(CudaEmulation, BlockSumsGoToEveryThread) {
  std::vector<double> x(1000, 0.5);
  double total = 0;
  launch("sum", sum_kernel, dim3(1), 256, nullptr, x.data(), 1000, &total);
  EXPECT_EQ(total, 1000);
}

__global__ void lonely_kernel(int* cells) {
  if (threadIdx.x % 2 == 0) return;
  cells[threadIdx.x] = warp_reduce<Add>(1);
}
__global__ void outside_kernel(int* cells) {
  cells[threadIdx.x] = __shfl_sync(1u << (threadIdx.x ^ 1), 1, 0);
}

__global__ void split_kernel(int* cells) {
  if (threadIdx.x == 0)
    __syncthreads();
  else
    __syncwarp();
  cells[threadIdx.x] = 1;
}

TEST(CudaEmulationDeathTest, ABarrierThatSomeDoNotReachIsAnError) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  std::vector<int> cells(32);
  EXPECT_DEATH(launch("split", split_kernel, dim3(1), 32, nullptr, cells.data()), "others do not reach");
}

__global__ void leaving_lanes_kernel(int* cells) {
  if (threadIdx.x >= 16) return;
  cells[threadIdx.x] = warp_reduce<Add>(1);
}

TEST(CudaEmulationDeathTest, AShuffleWithoutTheLanesOfItsMaskIsAnError) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  std::vector<int> cells(32);
  EXPECT_DEATH(launch("lonely", lonely_kernel, dim3(1), 32, nullptr, cells.data()), "a mask names lanes");
  EXPECT_DEATH(launch("leaving", leaving_lanes_kernel, dim3(1), 32, nullptr, cells.data()),
               "others of its warp wait");
  EXPECT_DEATH(launch("outside", outside_kernel, dim3(1), 32, nullptr, cells.data()), "not in its own mask");
}

}  // namespace
}  // namespace xlt::ops::cuda
