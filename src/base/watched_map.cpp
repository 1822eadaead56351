// SPDX-License-Identifier: Apache-2.0
#include "base/watched_map.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <mutex>

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xlt/base/error.h"
#include "xlt/base/lost_bytes.h"
#include "xlt/base/mapped_pages.h"

namespace xlt {

namespace {

// The handler reads the atomic members and `next`, which never changes once the watch is in the list;
// everything else is for the holder of the mutex.
struct Watch {
  std::atomic<uintptr_t> begin{0}, end{0};  // both 0: of no map
  std::atomic<bool> is_lost{false};
  Watch* next = nullptr;
  size_t size = 0;
  int descriptor = -1;
  std::string file;
};

// A signal handler is given no pointer of ours, so what it looks at has to be static. The list only grows,
// and its watches are used again.
std::atomic<Watch*> first_watch{nullptr};
std::atomic<bool> any_lost{false};
std::mutex mutex;
struct sigaction previous_sigbus_action;
static_assert(std::atomic<uintptr_t>::is_always_lock_free && std::atomic<bool>::is_always_lock_free &&
                  std::atomic<Watch*>::is_always_lock_free,
              "a signal handler may touch lock-free atomics only");

void mark_lost(Watch& watch) {
  watch.is_lost.store(true, std::memory_order_relaxed);
  any_lost.store(true, std::memory_order_release);
}

// Zeros for the whole map: other threads may read anywhere in it, and a page each would be slow.
bool fill_with_zeros(const Watch& watch) {
  const uintptr_t begin = watch.begin.load(std::memory_order_acquire),
                  end = watch.end.load(std::memory_order_acquire);
  return begin < end && ::mmap(reinterpret_cast<void*>(begin), end - begin, PROT_READ,
                               MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) != MAP_FAILED;
}

Watch* find_watch(uintptr_t address) {
  for (Watch* watch = first_watch.load(std::memory_order_acquire); watch; watch = watch->next)
    if (watch->begin.load(std::memory_order_acquire) <= address &&
        address < watch->end.load(std::memory_order_acquire))
      return watch;
  return nullptr;
}

extern "C" {
static void on_bus_error(int signal, siginfo_t* info, void*) {
  const int saved_errno = errno;
  Watch* watch = find_watch(reinterpret_cast<uintptr_t>(info->si_addr));
  if (watch && fill_with_zeros(*watch)) {
    mark_lost(*watch);
  } else {
    ::sigaction(signal, &previous_sigbus_action, nullptr);  // the read is made again and ends there
  }
  errno = saved_errno;
}
}

void watch_for_bus_errors() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action {};
    action.sa_sigaction = on_bus_error;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    ::sigaction(SIGBUS, &action, &previous_sigbus_action);
  });
}

// One that is of no map, or a new one at the head of the list. A lost one keeps its name for the message.
Watch& free_watch() {
  for (Watch* watch = first_watch.load(); watch; watch = watch->next)
    if (watch->end.load() == 0 && !watch->is_lost.load()) return *watch;
  auto* watch = new Watch;  // lives as long as the process
  watch->next = first_watch.load();
  first_watch.store(watch, std::memory_order_release);
  return *watch;
}

void mark_if_shorter(Watch& watch) {
  struct stat status {};
  if (::fstat(watch.descriptor, &status) == 0 && static_cast<uint64_t>(status.st_size) < watch.size)
    mark_lost(watch);
}

uintptr_t page_bytes() { return static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE)); }

}  // namespace

void watch_map(const void* begin, size_t size, int descriptor, const std::string& file) {
  watch_for_bus_errors();
  const uintptr_t page = page_bytes();
  const auto address = reinterpret_cast<uintptr_t>(begin);
  const std::lock_guard lock(mutex);
  Watch& watch = free_watch();
  watch.size = size;
  watch.descriptor = descriptor;
  watch.file = file;
  watch.begin.store(address, std::memory_order_release);
  watch.end.store(address + (size + page - 1) / page * page, std::memory_order_release);
}

void unwatch_map(const void* begin) {
  const std::lock_guard lock(mutex);
  Watch* watch = find_watch(reinterpret_cast<uintptr_t>(begin));
  if (!watch) return;
  mark_if_shorter(*watch);
  watch->end.store(0, std::memory_order_release);
  watch->begin.store(0, std::memory_order_release);
  ::close(watch->descriptor);
  watch->descriptor = -1;
}

// With the mutex: a watch that is being filled must not be taken for one that holds `begin`, since of memory
// that is no file's this would lose what it holds.
void forget_pages(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  const auto begin = reinterpret_cast<uintptr_t>(bytes.data());
  const std::lock_guard lock(mutex);
  const Watch* watch = find_watch(begin);
  if (!watch || begin + bytes.size() > watch->end.load()) return;
  const uintptr_t page_begin = begin / page_bytes() * page_bytes();
  ::madvise(reinterpret_cast<void*>(page_begin), begin + bytes.size() - page_begin, MADV_DONTNEED);
}

void throw_if_bytes_lost() {
  if (!any_lost.load(std::memory_order_acquire)) return;
  const std::lock_guard lock(mutex);
  for (const Watch* watch = first_watch.load(); watch; watch = watch->next)
    if (watch->is_lost.load())
      throw Error(
          ErrorKind::kIo,
          "was cut off or could no longer be read while it was in use; nothing that was computed since "
          "is kept. Put the whole file back and start again",
          watch->file);
}

void throw_if_files_shrank() {
  {
    const std::lock_guard lock(mutex);
    for (Watch* watch = first_watch.load(); watch; watch = watch->next)
      if (watch->end.load() != 0) mark_if_shorter(*watch);
  }
  throw_if_bytes_lost();
}

}  // namespace xlt
