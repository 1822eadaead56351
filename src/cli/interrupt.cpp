// SPDX-License-Identifier: Apache-2.0
#include "cli/interrupt.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>

#include <semaphore.h>
#include <unistd.h>

#include "xlt/base/error.h"
#include "xlt/base/leftovers.h"
#include "xlt/base/waiting.h"

namespace xlt::cli {

namespace {

// A signal handler is given nothing but its number, so what it sets has to be static.
std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may touch lock-free atomics only");
sem_t wake;

constexpr int64_t kPatienceMs = 1500;

timespec patience_from_now() {
  timespec until{};
  clock_gettime(CLOCK_REALTIME, &until);
  const int64_t nanoseconds = until.tv_nsec + kPatienceMs * 1'000'000;
  until.tv_sec += nanoseconds / 1'000'000'000;
  until.tv_nsec = nanoseconds % 1'000'000'000;
  return until;
}

// Nothing that another thread holds half-changed is touched: no streams, no destructors.
[[noreturn]] void end_process(const std::filesystem::path& output) {
  std::error_code code;
  const auto place = std::filesystem::weakly_canonical(output, code);  // a link's temporary is at its target
  if (!output.empty() && !code)
    for (const auto& folder : {place.parent_path(), place})
      remove_leftovers(folder, LeftoversOf::kThisProcess);
  const char* message = isatty(STDERR_FILENO) ? "\nxlt: error: interrupted\n" : "xlt: error: interrupted\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, message, std::strlen(message));
  ::_exit(exit_code(ErrorKind::kInterrupted));
}

}  // namespace

extern "C" {
static void on_interrupt(int signal) {
  const int before = errno;
  interrupted.store(true, std::memory_order_relaxed);
  std::signal(signal, SIG_DFL);  // the next one ends the process
  ::sem_post(&wake);
  errno = before;
}
}

const std::atomic<bool>& catch_interrupts() {
  ::sem_init(&wake, /*pshared=*/0, 0);
  heed_while_waiting(&interrupted);
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
  // What a scheduler sends before a time limit or a preemption.
  std::signal(SIGUSR1, on_interrupt);
  std::signal(SIGUSR2, on_interrupt);
  // The terminal went away, or the connection to it; whoever started this under nohup wants that ignored.
  if (std::signal(SIGHUP, on_interrupt) == SIG_IGN) std::signal(SIGHUP, SIG_IGN);
  return interrupted;
}

InterruptDeadline::InterruptDeadline(std::filesystem::path output) : output_(std::move(output)) {
  // Signals are for the threads that work.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  watcher_ = std::thread([this] { watch(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

InterruptDeadline::~InterruptDeadline() {
  is_over_ = true;
  ::sem_post(&wake);
  watcher_.join();
}

void InterruptDeadline::watch() const {
  bool is_asked = false;
  timespec until{};
  while (!is_over_) {
    const int result = is_asked ? ::sem_timedwait(&wake, &until) : ::sem_wait(&wake);
    if (result != 0 && errno == ETIMEDOUT) end_process(output_);
    if (is_asked || !interrupted) continue;
    is_asked = true;
    until = patience_from_now();
  }
}

}  // namespace xlt::cli
