// SPDX-License-Identifier: Apache-2.0
// One process at a time, whatever becomes of the others.
#include "xlt/base/lock.h"

#include "base/base_testing.h"

#include <chrono>
#include <csignal>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xlt/base/json.h"

namespace xlt {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

void sleep_ms(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

// Runs `work` in a process of its own; what it returns is the exit status.
pid_t start(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  return child;
}
int exit_status(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class Lock : public FileTest {
 protected:
  LockOptions options(double lease_seconds = 60) const { return {"trains", folder_, lease_seconds}; }
  std::unique_ptr<FileLock> take(double lease_seconds = 60) const {
    return take_lock(file_, options(lease_seconds), {});
  }
  // A process that holds the lock until it is killed, or until `release` appears.
  pid_t start_holder(double lease_seconds = 60) const {
    const pid_t child = start([&] {
      const auto lock = take(lease_seconds);
      put("held", "");
      while (!std::filesystem::exists(folder_ / "release")) sleep_ms(5);
      return lock->is_lost() ? 7 : 0;
    });
    while (!std::filesystem::exists(folder_ / "held")) sleep_ms(5);
    return child;
  }
  void kill_and_wait(pid_t child) const {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  // A lock as a process of another machine would have made it.
  void put_foreign(const std::string& beat) const {
    put(kLockName, dump_json({{"host", "gpu3"},
                              {"host_key", "0123abcd"},
                              {"pid", 4711},
                              {"started", "1"},
                              {"work", "trains"},
                              {"beat", beat}}));
  }
  const std::filesystem::path file_ = folder_ / kLockName;
};

TEST_F(Lock, IsAFileThatGoesWithItsOwner) {
  {
    const auto lock = take();
    EXPECT_THAT(names(), UnorderedElementsAre(kLockName));
    EXPECT_FALSE(lock->is_lost());
  }
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(Lock, OfAProcessAtWorkIsRefusedAndNamesIt) {
  const pid_t child = start_holder();
  const Error error = error_of([&] { take(); });
  EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  EXPECT_THAT(error.what(), HasSubstr(str_cat(folder_.string(), ": is in use by process ", child, " on ")));
  EXPECT_THAT(error.what(), HasSubstr("which trains here; wait for it"));
  put("release", "");
  EXPECT_EQ(exit_status(child), 0);
  EXPECT_NO_THROW(take());
}

TEST_F(Lock, OfAKilledProcessIsTakenOverAtOnce) {
  kill_and_wait(start_holder());
  EXPECT_TRUE(std::filesystem::exists(file_));
  EXPECT_NE(LockAttempt(file_, options()).try_take(), nullptr);
  EXPECT_THAT(names(), UnorderedElementsAre("held"));
}

// A pid is used again: what counts is the process that had it when the lock was made.
TEST_F(Lock, OfAnotherProcessWithTheSameNumberIsTakenOver) {
  ProcessId self = this_process();
  put(kLockName, dump_json({{"host", self.host},
                            {"host_key", self.host_key},
                            {"pid", self.pid},
                            {"started", self.started + "0"},
                            {"beat", "0"}}));
  EXPECT_NE(LockAttempt(file_, options()).try_take(), nullptr);
}

TEST_F(Lock, OfAnotherMachineIsTakenOverOnceItStoodStillForALease) {
  put_foreign("000000000001");
  LockAttempt attempt(file_, options(0.3));
  EXPECT_EQ(attempt.try_take(), nullptr);
  EXPECT_EQ(attempt.holder().host, "gpu3");
  EXPECT_FALSE(attempt.holder_is_alive());
  sleep_ms(100);
  EXPECT_EQ(attempt.try_take(), nullptr);
  sleep_ms(250);
  EXPECT_NE(attempt.try_take(), nullptr);
}

TEST_F(Lock, OfAnotherMachineWhoseHeartbeatMovesIsRefused) {
  put_foreign("000000000001");
  std::thread beats([&] {
    sleep_ms(60);
    put_foreign("000000000002");
  });
  const Error error = error_of([&] { take(/*lease_seconds=*/1); });
  beats.join();
  EXPECT_THAT(error.what(), HasSubstr("process 4711 on gpu3"));
}

// Heartbeats are compared with each other: neither a file from the future nor one from long ago is judged by
// it.
TEST_F(Lock, DoesNotBelieveTheClocksOfOtherMachines) {
  for (const time_t when : {time_t{1}, time_t{4'000'000'000}}) {
    put_foreign("000000000001");
    const timespec times[2] = {{when, 0}, {when, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, file_.c_str(), times, 0), 0);
    LockAttempt attempt(file_, options(0.15));
    EXPECT_EQ(attempt.try_take(), nullptr);
    sleep_ms(200);
    EXPECT_NE(attempt.try_take(), nullptr);
  }
}

TEST_F(Lock, ThatIsDamagedIsAnothersUntilTheLeaseIsOver) {
  for (const char* content : {"", "{", "[]", "{\"pid\":\"x\"}", "{\"pid\":-1}"}) {
    put(kLockName, content);
    LockAttempt attempt(file_, options(0.1));
    EXPECT_EQ(attempt.try_take(), nullptr) << content;
    EXPECT_FALSE(attempt.holder_is_alive()) << content;
    sleep_ms(120);
    EXPECT_NE(attempt.try_take(), nullptr) << content;
  }
}

TEST_F(Lock, OfAStoppedProcessGoesToAnotherAndItsOwnerLearnsThat) {
  const pid_t child = start_holder(/*lease_seconds=*/0.3);
  LockAttempt attempt(file_, options(0.3));
  for (int i = 0; i < 5; ++i) {  // it beats: two leases change nothing
    EXPECT_EQ(attempt.try_take(), nullptr);
    sleep_ms(120);
  }
  ::kill(child, SIGSTOP);
  std::unique_ptr<FileLock> lock;
  for (int i = 0; i < 100 && !lock; ++i) {
    sleep_ms(50);
    lock = attempt.try_take();
  }
  ASSERT_NE(lock, nullptr);
  ::kill(child, SIGCONT);
  put("release", "");
  EXPECT_EQ(exit_status(child), 7);
  EXPECT_FALSE(lock->is_lost());  // what the other wrote on waking, and on going, did not touch it
  EXPECT_NO_THROW(lock->throw_if_lost());
}

TEST_F(Lock, ThatWasRemovedIsLost) {
  const auto lock = take();
  std::filesystem::remove(file_);
  EXPECT_TRUE(lock->is_lost());
  const Error error = error_of([&] { lock->throw_if_lost(); });
  EXPECT_EQ(error.kind(), ErrorKind::kIo);
  EXPECT_THAT(error.what(), HasSubstr("another process took this over"));
}

TEST_F(Lock, WhereNoFileCanBeMadeIsAnErrorOfInput) {
  EXPECT_EQ(error_of([&] { take_lock(folder_ / "absent" / kLockName, options(), {}); }).kind(),
            ErrorKind::kIo);
}

TEST_F(Lock, FollowsNoLink) {
  put("precious", "kept");
  std::filesystem::create_symlink("precious", file_);
  EXPECT_EQ(error_of([&] { take(); }).kind(), ErrorKind::kIo);
  EXPECT_EQ(bytes_of("precious"), "kept");
}

TEST_F(Lock, StandsBesideWhatIsReplacedAsAWhole) {
  EXPECT_EQ(lock_beside("a/out"), "a/.out.xlt-lock");
  EXPECT_EQ(lock_beside("a/out/"), "a/.out.xlt-lock");
  EXPECT_EQ(lock_beside("out"), ".out.xlt-lock");
}

// Many processes, of which half die holding it: never two inside at once, and every one gets its turn.
TEST_F(Lock, AdmitsOneOfManyAlthoughOwnersDie) {
  const auto enter = [&](bool dies) {
    LockAttempt attempt(file_, options());
    std::unique_ptr<FileLock> lock;
    while (!(lock = attempt.try_take())) sleep_ms(1);
    // Whoever died inside leaves the mark; its successor knows that it is the only one by its number.
    const std::string inside = bytes_of("inside");
    if (!inside.empty() && !is_dead({"", this_process().host_key, std::stoi(inside), "0"})) return 9;
    put("inside", std::to_string(::getpid()));
    sleep_ms(2);
    if (bytes_of("inside") != std::to_string(::getpid())) return 8;
    if (dies) ::_exit(0);
    std::filesystem::remove(folder_ / "inside");
    return 0;
  };
  std::vector<pid_t> workers;
  for (int worker = 0; worker < 4; ++worker)
    workers.push_back(start([&] {
      for (int turn = 0; turn < 12; ++turn)
        if (const int status = exit_status(start([&] { return enter(turn % 2 == 0); }))) return status;
      return 0;
    }));
  for (const pid_t worker : workers) EXPECT_EQ(exit_status(worker), 0);
}

}  // namespace
}  // namespace xlt
