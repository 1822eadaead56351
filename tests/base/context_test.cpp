// SPDX-License-Identifier: Apache-2.0
// Progress draws seldom but always to the end; interruption is an error of its own.
#include "xlt/base/context.h"

#include "base/base_testing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace xlt {
namespace {

using ::testing::ElementsAre;

class RecordingSink : public ProgressSink {
 public:
  void draw(const std::string& title, int64_t done, int64_t total, const std::string& unit,
            const std::string& note, double seconds) override {
    draws.push_back(str_cat(title, " ", done, "/", total, " ", unit, " ", note));
    EXPECT_GE(seconds, 0);
  }
  void end(const std::string& title, int64_t done, const std::string& unit, double) override {
    ends.push_back(str_cat(title, " ", done, " ", unit));
  }
  std::vector<std::string> draws, ends;
};

class RecordingLog : public Log {
 public:
  void write(LogLevel level, const std::string& line) override { lines.emplace_back(level, line); }
  std::vector<std::pair<LogLevel, std::string>> lines;
};

Context context_with(ProgressSink& sink) {
  Context context;
  context.progress_sink = &sink;
  return context;
}

TEST(Progress, DrawsTheFirstAndTheLastAndFewBetween) {
  RecordingSink sink;
  {
    Progress bar = context_with(sink).progress("scoring", 10'000, "rows");
    for (int i = 1; i <= 10'000; ++i) bar.advance(1, str_cat("row ", i));
  }
  ASSERT_GE(sink.draws.size(), 2u);
  EXPECT_EQ(sink.draws.front(), "scoring 1/10000 rows row 1");
  EXPECT_EQ(sink.draws.back(), "scoring 10000/10000 rows row 10000");
  EXPECT_LT(sink.draws.size(), 100u);  // ten a second
  EXPECT_THAT(sink.ends, ElementsAre("scoring 10000 rows"));
}

TEST(Progress, CountsFromWhereItStartsAndEndsWithWhatWasDoneHere) {
  RecordingSink sink;
  { context_with(sink).progress("training", 10, "steps", 7).advance(3); }
  EXPECT_THAT(sink.draws, ElementsAre("training 10/10 steps "));
  EXPECT_THAT(sink.ends, ElementsAre("training 3 steps"));
}

TEST(Progress, EndsOnceWhenMoved) {
  RecordingSink sink;
  {
    Progress first = context_with(sink).progress("a", 0, "rows");
    Progress second = std::move(first);
    second.advance(2);
  }
  EXPECT_THAT(sink.ends, ElementsAre("a 2 rows"));
}

TEST(Progress, WithoutASinkIsSilent) {
  Progress bar = Context().progress("a", 1, "rows");
  EXPECT_NO_THROW(bar.advance(1));
}

TEST(Context, HandsLinesToTheLogWithTheirLevel) {
  RecordingLog log;
  Context context;
  context.info("nobody hears this");
  context.log = &log;
  context.debug("a");
  context.info("b");
  context.warn("c");
  EXPECT_THAT(log.lines, ElementsAre(std::pair(LogLevel::kDebug, std::string("a")),
                                     std::pair(LogLevel::kInfo, std::string("b")),
                                     std::pair(LogLevel::kWarning, std::string("c"))));
}

TEST(Context, ThrowsWhenInterrupted) {
  std::atomic<bool> flag = false;
  Context context;
  EXPECT_NO_THROW(context.throw_if_interrupted());
  context.interrupted_flag = &flag;
  EXPECT_FALSE(context.interrupted());
  EXPECT_NO_THROW(context.throw_if_interrupted());
  flag = true;
  EXPECT_TRUE(context.interrupted());
  EXPECT_EQ(error_of([&] { context.throw_if_interrupted(); }).kind(), ErrorKind::kInterrupted);
}

TEST(Clock, DoesNotRunBackwards) {
  const double before = monotonic_seconds();
  EXPECT_GE(monotonic_seconds(), before);
}

}  // namespace
}  // namespace xlt
