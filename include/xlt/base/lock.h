// SPDX-License-Identifier: Apache-2.0
// One process at a time: a lock file with an owner and a lease, for file systems that machines share.
//
//   const auto lock = take_lock(folder / kLockName, {.work = "trains", .place = folder}, context);
//   …;  lock->throw_if_lost();  …                      // before anything that cannot be undone
//
// The file appears complete or not at all (a hard link of a finished file) and says host, process and the
// count of its heartbeats, which a thread of the owner's moves on four times a lease. It is taken over when
// its owner is dead (known at once on the owner's machine) or when its content has not changed for a whole
// lease by the watcher's own clock: clocks of two machines are never compared.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "xlt/base/context.h"
#include "xlt/base/process.h"

namespace xlt {

// A lock file's name inside the folder that it guards.
inline constexpr const char* kLockName = ".xlt-lock";
// A lock file beside what it guards, for folders that are replaced as a whole: ".NAME.xlt-lock". Links are
// followed, so that a folder has one lock under all its names.
std::filesystem::path lock_beside(const std::filesystem::path& target);

struct LockOptions {
  std::string work;             // what the owner does, for the other's message: "trains"
  std::filesystem::path place;  // what is locked, for messages
  double lease_seconds = 60;
};

// Held while it lives; gone with the process that held it.
class FileLock {
 public:
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  // Whether another process has taken it: this one did not run for a whole lease (stopped, suspended). Any
  // thread.
  bool is_lost() const;
  void throw_if_lost() const;  // kIo

 private:
  friend class LockAttempt;
  struct State;
  explicit FileLock(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Asks for a lock again and again, without waiting; remembers between two tries what the file held.
class LockAttempt {
 public:
  LockAttempt(std::filesystem::path file, LockOptions options);
  ~LockAttempt();
  // The lock, or null where another holds it. Throws kIo where no file can be made.
  std::unique_ptr<FileLock> try_take();
  // Of the last try that failed. Without a host: the file does not say.
  const ProcessId& holder() const { return holder_; }
  const std::string& holder_work() const { return holder_work_; }
  // Whether it surely is at work: its process runs on this machine, or its heartbeat moved between two tries.
  bool holder_is_alive() const { return holder_is_alive_; }

 private:
  bool is_over(const std::string& content);
  std::filesystem::path file_;
  LockOptions options_;
  ProcessId holder_;
  std::string holder_work_;
  std::optional<std::string> last_content_;
  double last_change_ = 0;
  bool holder_is_alive_ = false;
};

// Takes the lock. Throws kUsage, naming the holder, as soon as it is known to be at work; of another
// machine's that takes watching it, for a lease at most. kInterrupted while it watches.
std::unique_ptr<FileLock> take_lock(const std::filesystem::path& file, const LockOptions& options,
                                    const Context& context);

}  // namespace xlt
