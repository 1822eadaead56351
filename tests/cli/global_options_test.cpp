// SPDX-License-Identifier: Apache-2.0
// Options of every command: where to run, in what, with how many threads.
#include "cli/global_options.h"

#include "cli/interrupt.h"

#include <csignal>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xlt/base/error.h"
#include "xlt/lm/runtime.h"

namespace xlt::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

GlobalOptions options_with(const std::string& name, const std::string& value) {
  GlobalOptions options;
  set_option(visit_of(options), name, value);
  return options;
}

TEST(GlobalOptions, TheDtypeFollowsTheDeviceUnlessItIsGiven) {
  EXPECT_EQ(options_with("device", "cpu").placement().dtype, DType::kFloat32);
  GlobalOptions options = options_with("device", "cpu");
  set_option(visit_of(options), "dtype", "bfloat16");
  EXPECT_EQ(options.placement().dtype, DType::kBFloat16);
  EXPECT_FALSE(options.placement().is_cuda);
}

TEST(GlobalOptions, DevicesThatAreNoneAreUsageAndThoseThatAreNotThereAreNot) {
  try {
    options_with("device", "cuda:x").placement();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  }
  EXPECT_THROW(options_with("device", "cpuu"), Error);
  try {
    options_with("device", "cuda:99").placement();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUnsupported);
    EXPECT_THAT(error.what(), HasSubstr("--device cuda:99"));
  }
}

TEST(GlobalOptions, QuietLeavesWarningsAndErrors) {
  EXPECT_EQ(options_with("log_level", "debug").level(), LogLevel::kDebug);
  EXPECT_EQ(options_with("quiet", "true").level(), LogLevel::kWarning);
  GlobalOptions options = options_with("log_level", "error");
  options.quiet = true;
  EXPECT_EQ(options.level(), LogLevel::kError);
}

TEST(Threads, BeyondTheCoresAreCappedWithANote) {
  const int64_t before = num_threads(), cores = num_usable_cores();
  ASSERT_GE(cores, 1);
  EXPECT_THAT(choose_threads(256 + cores), HasSubstr(str_cat("cores there are: using ", cores)));
  EXPECT_EQ(num_threads(), cores);
  EXPECT_THAT(choose_threads(1), IsEmpty());
  EXPECT_EQ(num_threads(), 1);
  EXPECT_THAT(choose_threads(0), IsEmpty());
  choose_threads(before);
}

// Exit status of a process that runs `work`: signals are its own.
int status_of(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(Interrupt, TheFirstSignalAsksAndTheSecondEnds) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    EXPECT_EQ(status_of([=] {
                const auto& flag = catch_interrupts();
                ::raise(signal);
                return flag ? 7 : 1;
              }),
              7);
    EXPECT_EQ(status_of([=] {
                catch_interrupts();
                ::raise(signal);
                ::raise(signal);
                return 1;
              }),
              -signal);
  }
}

TEST(Interrupt, NohupStaysIgnored) {
  EXPECT_EQ(status_of([] {
              std::signal(SIGHUP, SIG_IGN);
              const auto& flag = catch_interrupts();
              ::raise(SIGHUP);
              return flag ? 1 : 7;
            }),
            7);
}

}  // namespace
}  // namespace xlt::cli
