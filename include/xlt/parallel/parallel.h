// SPDX-License-Identifier: Apache-2.0
// The processes ("ranks") that share one run. A single process is a world of one, and code that asks its
// world is the same for any number.
//
//   const auto world = make_single_world();                        // or join_world (xlt/parallel/launch.h)
//   world->all_reduce(loss_sums);                                  // every rank has the sum over all of them
//   for (int64_t i : share_of(num_items, *world)) …                // this rank's items
//   on_first_rank(*world, [&] { write_file(report, text); });      // rank 0 writes, all know how it went
//
// Every rank makes the same calls in the same order; one that does not leaves the others waiting. One thread
// a rank. A call that another rank cannot answer any more throws kInternal.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "xlt/base/error.h"
#include "xlt/base/placement.h"

namespace xlt {

// Numbers one after the other in memory: of dtype `where.dtype`, on its device.
struct Numbers {
  void* data;
  int64_t size;
  Placement where;
};

class World {
 public:
  virtual ~World() = default;
  virtual int64_t rank() const = 0;  // 0 … world_size − 1
  virtual int64_t world_size() const = 0;
  virtual int64_t local_rank() const = 0;  // among the ranks of this machine; names its GPU
  bool is_first() const { return rank() == 0; }

  // Returns once all ranks have called it.
  virtual void barrier() = 0;
  // Each number becomes its sum over all ranks, with the same bits on every rank. All have as many. Summed by
  // halves (first_half): the sum of the first half of the ranks, plus that of the others.
  virtual void all_reduce(Numbers numbers) = 0;
  void all_reduce(std::span<float> values);
  void all_reduce(std::span<double> values);
  // Every rank's numbers, or bytes, become those of rank `root`. Of numbers all have as many.
  virtual void broadcast(Numbers numbers, int64_t root) = 0;
  virtual void broadcast(std::string& bytes, int64_t root) = 0;
  // Every rank's bytes, by rank, on every rank.
  virtual std::vector<std::string> all_gather(std::string bytes) = 0;
};

// The world of a process on its own: nothing to wait for, sums of one.
std::unique_ptr<World> make_single_world();

// The numbers below `count` that are this rank's: rank, rank + world_size, … The ranks' shares part `count`
// without overlap and differ by one at most.
std::vector<int64_t> share_of(int64_t count, const World& world);

// How things in a row are halved wherever they are summed: the first half has the odd one.
constexpr int64_t first_half(int64_t count) { return count / 2 + count % 2; }

struct Block {
  int64_t begin, count;
};
// Numbers below `count` that are this rank's, one after the other, so that what is summed by halves over all
// of them is, where the ranks are a power of two, what each rank's sum by halves gives summed by halves over
// the ranks. Blocks part `count` without overlap, in order of ranks.
Block block_of(int64_t count, int64_t rank, int64_t world_size);

// An Error that every one of several ranks throws at the same moment: rank 0 may report it for all.
class SharedError final : public Error {
 public:
  using Error::Error;
};

// Every rank does `work`. An Error on one is thrown on all of them (that of the lowest rank), so that none
// goes on, or waits, alone.
void on_all_ranks(World& world, const std::function<void()>& work);

// Rank 0 does `work`, the others wait. An Error that it throws is thrown on every rank.
void on_first_rank(World& world, const std::function<void()>& work);
// The same for what rank 0 alone finds out: every rank gets it.
std::string found_by_first_rank(World& world, const std::function<std::string()>& work);

// Throws on every rank where `error` holds one on any: the one of the lowest rank. For work that a rank did
// by itself.
void throw_on_all_ranks(World& world, const std::exception_ptr& error);

}  // namespace xlt
