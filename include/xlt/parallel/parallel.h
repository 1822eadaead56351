// SPDX-License-Identifier: Apache-2.0
// The processes ("ranks") that share one run. A single process is a world of one, and code that asks its
// world is the same for any number.
//
//   const auto world = make_single_world();
//   world->all_reduce(loss_sums);                                  // every rank has the sum over all of them
//   for (int64_t i : share_of(num_items, *world)) …                // this rank's items
//   on_first_rank(*world, [&] { write_file(report, text); });      // rank 0 writes, all know how it went
//
// Every rank makes the same calls in the same order; one that does not leaves the others waiting. One thread
// a rank.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace xlt {

class World {
 public:
  virtual ~World() = default;
  virtual int64_t rank() const = 0;  // 0 … world_size − 1
  virtual int64_t world_size() const = 0;
  virtual int64_t local_rank() const = 0;  // among the ranks of this machine; names its GPU
  bool is_first() const { return rank() == 0; }

  // Returns once all ranks have called it.
  virtual void barrier() = 0;
  // Each element becomes its sum over all ranks, with the same bits on every rank. All have as many elements.
  virtual void all_reduce(std::span<float> values) = 0;
  virtual void all_reduce(std::span<double> values) = 0;
  // Every rank's `bytes` become those of rank `root`.
  virtual void broadcast(std::string& bytes, int64_t root) = 0;
};

// The world of a process on its own: nothing to wait for, sums of one.
std::unique_ptr<World> make_single_world();

// The numbers below `count` that are this rank's: rank, rank + world_size, … The ranks' shares part `count`
// without overlap and differ by one at most.
std::vector<int64_t> share_of(int64_t count, const World& world);

// Every rank's bytes, by rank, on every rank.
std::vector<std::string> all_gather(World& world, std::string bytes);

// Rank 0 does `work`, the others wait. An Error that it throws is thrown on every rank, so that none goes on,
// or waits, alone.
void on_first_rank(World& world, const std::function<void()>& work);

// Throws on every rank where `error` holds one on any: the one of the lowest rank. For work that a rank did
// by itself.
void throw_on_all_ranks(World& world, const std::exception_ptr& error);

}  // namespace xlt
