// SPDX-License-Identifier: Apache-2.0
// Workers that fail, and workers that cannot be started.
#include "run/sweep/side_by_side.h"

#include "run/sweep/worker.h"
#include "scratch_folder.h"

#include <atomic>
#include <chrono>
#include <system_error>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(SideBySide, WhereAThreadCannotBeStartedTheOthersStop) {
  int started = 0;
  std::atomic<int> stopped = 0;
  const StartThread start = [&](const std::function<void()>& work) {
    if (started == 2) throw std::system_error(EAGAIN, std::generic_category());
    ++started;
    return start_thread(work);
  };
  const auto until_stopped = [&](int64_t, const std::stop_token& stop) {
    while (!stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ++stopped;
  };
  try {
    side_by_side(4, until_stopped, start);
    FAIL() << "all were started";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kIo);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("--workers 4"), HasSubstr("no more than 2")));
  }
  EXPECT_EQ(stopped, 2);
}

TEST(SideBySide, AnErrorIsThrownWhenAllHaveEnded) {
  std::atomic<int> ended = 0;
  const auto work = [&](int64_t i, const std::stop_token& stop) {
    EXPECT_FALSE(stop.stop_requested());
    ++ended;
    if (i == 1) throw Error(ErrorKind::kData, "broken");
  };
  EXPECT_THROW(side_by_side(3, work), Error);
  EXPECT_EQ(ended, 3);
}

class StoppedWorker : public FolderTest {};

TEST_F(StoppedWorker, BeginsNoCell) {
  SweepJob job{.folder = folder_};
  job.plan.cells = {{.id = "1111", .kind = "eval", .model = "m", .part = "eval"}};
  job.failures_before["1111"] = 0;
  std::mutex mutex;
  job.mutex = &mutex;
  std::stop_source source;
  source.request_stop();
  job.stop = source.get_token();
  SweepWorker(job).work();
  EXPECT_FALSE(fs::exists(folder_ / "cells"));
}

}  // namespace
}  // namespace xlt
