// SPDX-License-Identifier: Apache-2.0
// Blocks are threads of the operating system, and the threads of a block are fibers on it: a barrier or a
// shuffle costs a switch of stacks rather than 32 wake-ups. To ThreadSanitizer every fiber is a thread of its
// own, and only what orders threads on a GPU orders fibers: launches and barriers.
#include "cuda_emulation/block.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <ucontext.h>

#ifdef XLT_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#else
inline void __tsan_acquire(void*) {}
inline void __tsan_release(void*) {}
inline void* __tsan_create_fiber(unsigned) { return nullptr; }
inline void* __tsan_get_current_fiber() { return nullptr; }
inline void __tsan_destroy_fiber(void*) {}
inline void __tsan_switch_to_fiber(void*, unsigned) {}
#endif

namespace xlt::cuda_emulation {
namespace {

constexpr int kWarp = 32;
constexpr size_t kStackBytes = size_t{1} << 17;
constexpr unsigned kWithoutOrder = 1;  // __tsan_switch_to_fiber: a switch is no synchronisation

[[noreturn]] void fail(const char* what, const Thread& thread) {
  std::fprintf(stderr, "CUDA emulation: %s (block %u, %u, %u; thread %d)\n", what, thread.block_index.x,
               thread.block_index.y, thread.block_index.z, thread.index);
  std::abort();
}

int64_t volume(const Index3& size) { return int64_t{size.x} * size.y * size.z; }
Index3 index_in(const Index3& size, int64_t i) {
  return {static_cast<unsigned>(i % size.x), static_cast<unsigned>(i / size.x % size.y),
          static_cast<unsigned>(i / size.x / size.y)};
}

// Threads that have returned are no longer waited for.
struct Barrier {
  int live = 0, arrived = 0;
  uint64_t generation = 0;
  // What ThreadSanitizer is told by: one opening's releases must not be taken for the next one's.
  char order[2] = {};
  void arrive() {
    if (++arrived == live) open();
  }
  void leave() {
    if (--live > 0 && arrived == live) open();
  }
  void open() {
    arrived = 0;
    ++generation;
  }
};

struct Warp {
  Barrier barrier;
  unsigned live = 0;  // lanes that have not returned
  uint64_t values[kWarp] = {};
};

// Stacks of a block's fibers, kept for the next launch.
class StackPool {
 public:
  static StackPool& get() {
    static StackPool pool;
    return pool;
  }
  struct Stacks {
    size_t count = 0;
    std::unique_ptr<char[]> memory;
  };
  // At least `count` of them.
  Stacks take(size_t count) {
    const std::lock_guard lock(mutex_);
    const auto found =
        std::find_if(free_.begin(), free_.end(), [&](const Stacks& stacks) { return stacks.count >= count; });
    if (found == free_.end()) return {count, std::unique_ptr<char[]>(new char[count * kStackBytes])};
    Stacks stacks = std::move(*found);
    free_.erase(found);
    return stacks;
  }
  void give_back(Stacks stacks) {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(stacks));
  }

 private:
  std::mutex mutex_;
  std::vector<Stacks> free_;
};

struct Fiber {
  ucontext_t context;
  void* sanitizer = nullptr;
  Thread thread;
  const Barrier* waits_for = nullptr;
  uint64_t generation = 0;  // of the barrier, when it began to wait
  bool is_done = false;
  bool can_go_on() const { return !is_done && (waits_for == nullptr || waits_for->generation != generation); }
};

}  // namespace

// One block after another, on one thread of the operating system.
class Block {
 public:
  Block(const Index3& grid, const Index3& size, const std::function<void()>& kernel)
      : grid_(grid),
        size_(size),
        kernel_(kernel),
        fibers_(static_cast<size_t>(volume(size))),
        stacks_(StackPool::get().take(fibers_.size())) {}
  ~Block() { StackPool::get().give_back(std::move(stacks_)); }

  void run(int64_t block) {
    prepare(block);
    __tsan_release(&begin_);
    size_t left = fibers_.size();
    while (left > 0) {
      bool went_on = false;
      for (Fiber& fiber : fibers_) {
        if (!fiber.can_go_on()) continue;
        went_on = true;
        enter(fiber);
        if (fiber.is_done) --left;
      }
      if (!went_on) fail("threads wait at a barrier that others do not reach", fibers_[0].thread);
    }
    __tsan_acquire(&end_);
    for (Fiber& fiber : fibers_) __tsan_destroy_fiber(fiber.sanitizer);
  }

  Warp& warp_of(const Thread& thread) { return warps_[static_cast<size_t>(thread.index / kWarp)]; }
  void wait_for_all() { wait(whole_, true); }
  // `orders_memory`: to ThreadSanitizer, what was written before is seen behind it.
  void wait(Barrier& barrier, bool orders_memory) {
    Fiber& self = *current_;
    char* order = &barrier.order[barrier.generation % 2];
    if (orders_memory) __tsan_release(order);
    self.waits_for = &barrier;
    self.generation = barrier.generation;
    barrier.arrive();
    while (barrier.generation == self.generation) leave_to_scheduler();
    self.waits_for = nullptr;
    if (orders_memory) __tsan_acquire(order);
  }

  static Thread& current_thread() {
    static thread_local Thread none;
    return running_ == nullptr ? none : running_->current_->thread;
  }

 private:
  void prepare(int64_t block) {
    const int count = static_cast<int>(fibers_.size());
    whole_ = Barrier();
    whole_.live = count;
    warps_.assign(static_cast<size_t>((count + kWarp - 1) / kWarp), Warp());
    for (int i = 0; i < count; ++i) {
      Warp& warp = warps_[static_cast<size_t>(i / kWarp)];
      ++warp.barrier.live;
      warp.live |= 1u << i % kWarp;
      Fiber& fiber = fibers_[static_cast<size_t>(i)];
      fiber.thread = {index_in(size_, i), index_in(grid_, block), size_, grid_, this, i};
      fiber.waits_for = nullptr;
      fiber.is_done = false;
      fiber.sanitizer = __tsan_create_fiber(0);
      getcontext(&fiber.context);
      fiber.context.uc_stack.ss_sp = stacks_.memory.get() + static_cast<size_t>(i) * kStackBytes;
      fiber.context.uc_stack.ss_size = kStackBytes;
      fiber.context.uc_link = nullptr;
      makecontext(&fiber.context, &Block::fiber_main, 0);
    }
  }

  void enter(Fiber& fiber) {
    current_ = &fiber;
    running_ = this;
    scheduler_sanitizer_ = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(fiber.sanitizer, kWithoutOrder);
    swapcontext(&scheduler_, &fiber.context);
    running_ = nullptr;
  }
  void leave_to_scheduler() {
    __tsan_switch_to_fiber(scheduler_sanitizer_, kWithoutOrder);
    swapcontext(&current_->context, &scheduler_);
  }

  static void fiber_main() {
    Block& block = *running_;
    Fiber& self = *block.current_;
    __tsan_acquire(&block.begin_);
    block.kernel_();
    Warp& warp = block.warp_of(self.thread);
    if (warp.barrier.arrived > 0)
      fail("a lane has returned that the others of its warp wait for", self.thread);
    warp.live &= ~(1u << self.thread.lane());
    warp.barrier.leave();
    block.whole_.leave();
    self.is_done = true;
    __tsan_release(&block.end_);
    for (;;) block.leave_to_scheduler();
  }

  static thread_local Block* running_;
  Index3 grid_, size_;
  const std::function<void()>& kernel_;
  std::vector<Fiber> fibers_;
  StackPool::Stacks stacks_;
  std::vector<Warp> warps_;
  Barrier whole_;
  ucontext_t scheduler_{};
  void* scheduler_sanitizer_ = nullptr;
  Fiber* current_ = nullptr;
  char begin_ = 0,
       end_ = 0;  // what orders a block after the one before: two, or one fiber would wait for another
};
thread_local Block* Block::running_ = nullptr;

namespace {

// The lanes that are left must be those of the mask: a part of a warp cannot be told from lanes that a full
// mask waits for in vain.
Warp& checked_warp(const Thread& thread, unsigned mask) {
  Warp& warp = thread.block->warp_of(thread);
  if ((mask >> thread.lane() & 1) == 0) fail("a lane is not in its own mask", thread);
  if (mask != warp.live)
    fail("a mask names lanes that have returned, or leaves out lanes that have not", thread);
  return warp;
}

}  // namespace

Thread& this_thread() { return Block::current_thread(); }

void Thread::sync_block() const { block->wait_for_all(); }

void Thread::sync_warp(unsigned mask) const { block->wait(checked_warp(*this, mask).barrier, true); }

uint64_t Thread::exchange(unsigned mask, uint64_t value, int from) const {
  Warp& warp = checked_warp(*this, mask);
  if (from < 0 || from >= kWarp || (mask >> from & 1) == 0)
    fail("a shuffle reads a lane outside its mask", *this);
  warp.values[lane()] = value;
  block->wait(warp.barrier, false);
  const uint64_t got = warp.values[from];
  block->wait(warp.barrier, false);  // before the next exchange writes
  return got;
}

unsigned Thread::ballot(unsigned mask, bool predicate) const {
  Warp& warp = checked_warp(*this, mask);
  warp.values[lane()] = predicate ? 1 : 0;
  block->wait(warp.barrier, false);
  unsigned votes = 0;
  for (int other = 0; other < kWarp; ++other)
    if ((mask >> other & 1) != 0 && warp.values[other] != 0) votes |= 1u << other;
  block->wait(warp.barrier, false);
  return votes;
}

void launch(const Index3& grid, const Index3& size, const std::function<void()>& kernel) {
  constexpr int64_t kMostThreads = 4;
  const int64_t num_blocks = volume(grid);
  std::atomic<int64_t> next{0};
  const auto work = [&] {
    Block block(grid, size, kernel);
    for (int64_t b = next++; b < num_blocks; b = next++) block.run(b);
  };
  std::vector<std::thread> threads;
  for (int64_t i = 0; i < std::min(kMostThreads, num_blocks); ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace xlt::cuda_emulation
