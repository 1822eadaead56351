// SPDX-License-Identifier: Apache-2.0
#include "run/sweep/side_by_side.h"

#include <exception>
#include <mutex>
#include <vector>

#include "xlt/base/error.h"

namespace xlt {

std::jthread start_thread(const std::function<void()>& work) { return std::jthread(work); }

void side_by_side(int64_t count, const std::function<void(int64_t, const std::stop_token&)>& work,
                  const StartThread& start) {
  std::mutex mutex;
  std::exception_ptr first;
  std::stop_source stop;
  // Behind what they use: whatever is thrown, they are joined before that is gone.
  std::vector<std::jthread> threads;
  try {
    for (int64_t i = 0; i < count; ++i)
      threads.push_back(start([&, i] {
        try {
          work(i, stop.get_token());
        } catch (...) {
          const std::lock_guard guard(mutex);
          if (!first) first = std::current_exception();
        }
      }));
  } catch (const std::exception& error) {
    stop.request_stop();
    throw Error(ErrorKind::kIo,
                str_cat("no more than ", threads.size(), " could be started: ", error.what(), "; give fewer"),
                str_cat("--workers ", count));
  }
  for (std::jthread& thread : threads) thread.join();
  if (first) std::rethrow_exception(first);
}

}  // namespace xlt
