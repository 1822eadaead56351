// SPDX-License-Identifier: Apache-2.0
// Each rank shows every two seconds that it lives, and watches the next one: a rank that was stopped, or that
// a network no longer reaches, closes no connection, and whoever waits for it would wait for the operation's
// whole time limit, which has to be long: rank 0 may be writing a large checkpoint.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include <torch/csrc/distributed/c10d/Store.hpp>

namespace xlt {

class Pulse {
 public:
  // Every rank has to have called `show_first` before any makes its pulse. `store`: a connection of its own.
  // `on_lost` as JoinOptions has it.
  static void show_first(c10d::Store& store, int64_t rank);
  Pulse(c10::intrusive_ptr<c10d::Store> store, int64_t rank, int64_t world_size, double silence_seconds,
        std::function<void(const std::string&)> on_lost);
  // Says that it leaves, so that its watcher does not take it for lost.
  ~Pulse();
  Pulse(const Pulse&) = delete;
  Pulse& operator=(const Pulse&) = delete;

 private:
  void beat();   // a thread
  void watch();  // another, which needs no answer from the store
  void look_at_next();
  void lose(const std::string& why);
  bool sleep(double seconds) const;  // false: it is over

  c10::intrusive_ptr<c10d::Store> store_;
  int64_t rank_, world_size_;
  double silence_seconds_;
  std::function<void(const std::string&)> on_lost_;
  std::atomic<bool> is_over_{false}, is_lost_{false};
  std::atomic<double> heard_;
  std::string last_seen_;
  std::thread beating_, watching_;
};

}  // namespace xlt
