// SPDX-License-Identifier: Apache-2.0
// Blocks of a CUDA grid, several at a time, each a thread of the operating system.
#pragma once

#include <cstdint>
#include <functional>

namespace xlt::cuda_emulation {

class Block;

struct Index3 {
  unsigned x = 0, y = 0, z = 0;
};

// What a thread of a block knows and may do; in a kernel, `this_thread()`. Misuse that a GPU would answer
// with a hang or with nonsense ends the process with a message: a barrier that some do not reach, a shuffle
// without all lanes of its mask, a mask without the caller.
struct Thread {
  Index3 thread_index, block_index, block_size, grid_size;
  Block* block = nullptr;
  int index = 0;  // threads of a block in one row

  int lane() const { return index % 32; }
  void sync_block() const;
  void sync_warp(unsigned mask) const;
  // What lane `from` of the warp gives, each lane of `mask` giving its own `value`.
  uint64_t exchange(unsigned mask, uint64_t value, int from) const;
  unsigned ballot(unsigned mask, bool predicate) const;
};
Thread& this_thread();

// Runs `kernel` once for every thread of every block. Threads that have returned are no longer waited for, as
// on the device.
void launch(const Index3& grid, const Index3& block, const std::function<void()>& kernel);

}  // namespace xlt::cuda_emulation
