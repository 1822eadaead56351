// SPDX-License-Identifier: Apache-2.0
// Does cells until there are none left that anybody could do.
#pragma once

#include "run/sweep/cell_folder.h"
#include "run/sweep/plan.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "xlt/base/context.h"
#include "xlt/base/lock.h"

namespace xlt {

// What the workers of one process share, each with a copy of its own. Read only, but for `mutex`.
struct SweepJob {
  std::filesystem::path folder;
  std::filesystem::path binary;
  SweepPlan plan;
  // Options of every cell's command, where its config leaves them open.
  std::map<std::string, std::string> share_of_machine;
  // How often each cell had failed before: a failure is tried again by the next sweep, not by this one.
  std::map<std::string, int64_t> failures_before;
  Context context;
  std::stop_token stop = {};    // of these workers alone; `context` is interrupted for all of the process
  std::mutex* mutex = nullptr;  // held while `context` is told something
};

// One thread.
class SweepWorker {
 public:
  explicit SweepWorker(const SweepJob& job) : job_(job) {}
  // Takes cells in the plan's order, only `wanted` where that is not null; waits for those that others do,
  // and takes over what they left. Returns when each is done, has failed or waits for one that has, or when
  // it is stopped, by the job or the context.
  void work(const SweepCell* wanted = nullptr);

 private:
  enum class Pass { kWorked, kMustWait, kFinished };
  Pass pass(const std::vector<const SweepCell*>& cells);
  enum class Readiness { kReady, kNotYet, kNever };
  Readiness readiness(const SweepCell& cell);
  bool is_stopped() const { return job_.context.interrupted() || job_.stop.stop_requested(); }
  bool is_done(const std::string& id);
  bool has_failed(const std::string& id) const;
  void run(const SweepCell& cell, const FileLock& lock);
  int run_command(const SweepCell& cell, const CellFolder& folder, const FileLock& lock);
  bool wait_for_output(const CellFolder& folder) const;
  std::vector<std::string> command_of(const SweepCell& cell, const CellFolder& folder) const;
  void rest(double seconds) const;
  void say(LogLevel level, const std::string& line) const;

  const SweepJob& job_;
  std::map<std::string, LockAttempt> attempts_;
  std::set<std::string> done_;
};

// "train gemma dpo seed 1", for people.
std::string describe(const SweepCell& cell);

}  // namespace xlt
