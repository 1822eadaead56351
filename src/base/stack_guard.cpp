// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/stack_guard.h"

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include <pthread.h>
#include <unistd.h>

#include "xlt/base/error.h"
#include "xlt/base/utf8.h"

namespace xlt {

namespace {

constexpr size_t kAlternateStack = size_t{64} << 10;
// A frame larger than a page may step over the guard page; the fault then lies below the stack.
constexpr uintptr_t kBelow = uintptr_t{1} << 20;

// A signal handler is given no pointer of ours. What it reads is of the thread that faults.
struct Guarded {
  uintptr_t lowest = 0;  // of this thread's stack
  std::string line;      // what is written
  bool is_active = false;
  stack_t previous_stack{};
  std::vector<std::byte> stack;
};
thread_local Guarded guarded;
struct sigaction previous_action;

extern "C" {
static void on_segmentation_fault(int signal, siginfo_t* info, void*) {
  const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  constexpr uintptr_t kPages = uintptr_t{1} << 16;
  if (guarded.is_active && address < guarded.lowest + kPages && address + kBelow > guarded.lowest) {
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, guarded.line.data(), guarded.line.size());
    ::_exit(exit_code(ErrorKind::kCheckpoint));
  }
  ::sigaction(signal, &previous_action, nullptr);  // not ours: the access is made again and ends there
}
}

void watch_for_overflow() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action {};
    action.sa_sigaction = on_segmentation_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    ::sigaction(SIGSEGV, &action, &previous_action);
  });
}

uintptr_t lowest_address_of_stack() {
  pthread_attr_t attributes;
  void* lowest = nullptr;
  size_t size = 0;
  if (::pthread_getattr_np(::pthread_self(), &attributes) != 0) return 0;
  ::pthread_attr_getstack(&attributes, &lowest, &size);
  ::pthread_attr_destroy(&attributes);
  return reinterpret_cast<uintptr_t>(lowest);
}

}  // namespace

StackGuard::StackGuard(const std::string& message) {
  watch_for_overflow();
  guarded.lowest = lowest_address_of_stack();
  guarded.line = "xlt: error: " + escape_controls(message) + "\n";
  guarded.stack.resize(kAlternateStack);
  stack_t own{};
  own.ss_sp = guarded.stack.data();
  own.ss_size = guarded.stack.size();
  guarded.is_active = ::sigaltstack(&own, &guarded.previous_stack) == 0;
}

StackGuard::~StackGuard() {
  if (!guarded.is_active) return;
  guarded.is_active = false;
  ::sigaltstack(&guarded.previous_stack, nullptr);
}

}  // namespace xlt
