// SPDX-License-Identifier: Apache-2.0
// A world whose ranks are threads of the test: what the real one does, without a network.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "xlt/parallel/parallel.h"

namespace xlt {

// What the ranks share.
class ThreadRanks {
 public:
  explicit ThreadRanks(int64_t world_size) : slots_(static_cast<size_t>(world_size)) {}
  int64_t world_size() const { return static_cast<int64_t>(slots_.size()); }
  // Each rank leaves a pointer; once all have, each sees all of them in `look`, and none goes on before the
  // last has seen them.
  void meet(int64_t rank, void* pointer, const std::function<void(const std::vector<void*>&)>& look) {
    slots_[static_cast<size_t>(rank)] = pointer;
    wait_for_all();
    look(slots_);
    wait_for_all();
  }

 private:
  void wait_for_all() {
    std::unique_lock guard(mutex_);
    const int64_t round = round_;
    if (++arrived_ == world_size()) {
      arrived_ = 0;
      ++round_;
      all_arrived_.notify_all();
      return;
    }
    all_arrived_.wait(guard, [&] { return round_ != round; });
  }
  std::vector<void*> slots_;
  std::mutex mutex_;
  std::condition_variable all_arrived_;
  int64_t arrived_ = 0, round_ = 0;
};

class ThreadWorld final : public World {
 public:
  ThreadWorld(std::shared_ptr<ThreadRanks> ranks, int64_t rank) : ranks_(std::move(ranks)), rank_(rank) {}
  int64_t rank() const override { return rank_; }
  int64_t world_size() const override { return ranks_->world_size(); }
  int64_t local_rank() const override { return rank_; }
  void barrier() override {
    ranks_->meet(rank_, nullptr, [](const auto&) {});
  }
  using World::all_reduce;
  void all_reduce(Numbers numbers) override {
    if (numbers.where.dtype == DType::kFloat64)
      sum(std::span(static_cast<double*>(numbers.data), static_cast<size_t>(numbers.size)));
    else
      sum(std::span(static_cast<float*>(numbers.data), static_cast<size_t>(numbers.size)));
  }
  // Of 4 or 8 bytes each, as all_reduce.
  void broadcast(Numbers numbers, int64_t root) override {
    const size_t size = static_cast<size_t>(numbers.size) *
                        (numbers.where.dtype == DType::kFloat64 ? sizeof(double) : sizeof(float));
    std::string received(size, '\0');
    ranks_->meet(rank_, numbers.data, [&](const auto& all) {
      std::memcpy(received.data(), all.at(static_cast<size_t>(root)), size);
    });
    std::memcpy(numbers.data, received.data(), size);
  }
  void broadcast(std::string& bytes, int64_t root) override {
    std::string received;
    ranks_->meet(rank_, &bytes, [&](const auto& all) {
      received = *static_cast<const std::string*>(all.at(static_cast<size_t>(root)));
    });
    bytes = std::move(received);
  }
  std::vector<std::string> all_gather(std::string bytes) override {
    std::vector<std::string> gathered;
    ranks_->meet(rank_, &bytes, [&](const auto& all) {
      for (const void* one : all) gathered.push_back(*static_cast<const std::string*>(one));
    });
    return gathered;
  }

 private:
  template <typename Number>
  void sum(std::span<Number> values) {
    std::vector<Number> total;
    ranks_->meet(rank_, values.data(),
                 [&](const auto& all) { total = sum_of(std::span(all), values.size(), Number()); });
    std::copy(total.begin(), total.end(), values.begin());
  }
  // By halves.
  template <typename Number>
  static std::vector<Number> sum_of(std::span<void* const> ranks, size_t size, Number zero) {
    const auto* first = static_cast<const Number*>(ranks.front());
    if (ranks.size() == 1) return {first, first + size};
    const auto half = static_cast<size_t>(first_half(static_cast<int64_t>(ranks.size())));
    std::vector<Number> total = sum_of(ranks.first(half), size, zero);
    const std::vector<Number> rest = sum_of(ranks.subspan(half), size, zero);
    for (size_t i = 0; i < size; ++i) total[i] += rest[i];
    return total;
  }
  std::shared_ptr<ThreadRanks> ranks_;
  int64_t rank_;
};

// Runs `work` once a rank, each in a thread of its own, and returns when all have.
inline void run_ranks(int64_t world_size, const std::function<void(World&)>& work) {
  const auto ranks = std::make_shared<ThreadRanks>(world_size);
  std::vector<std::thread> threads;
  for (int64_t rank = 0; rank < world_size; ++rank)
    threads.emplace_back([&, rank] {
      ThreadWorld world(ranks, rank);
      work(world);
    });
  for (auto& thread : threads) thread.join();
}

}  // namespace xlt
