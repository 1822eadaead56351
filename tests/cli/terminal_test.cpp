// SPDX-License-Identifier: Apache-2.0
// Lines of the progress bar, and of the log.
#include "cli/terminal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace xlt::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(BarLine, ShowsShareRateAndTimeLeft) {
  EXPECT_EQ(bar_line("training", 45, 270, "steps", "loss 0.69", 2.5, 200),
            "training [===                 ] 16% 45/270 steps, 2.50/s, 1:30 left, loss 0.69");
  EXPECT_EQ(bar_line("scoring", 10, 10, "texts", "", 20, 200),
            "scoring [====================] 100% 10/10 texts, 20/s");
  EXPECT_EQ(bar_line("a", 0, 40000, "b", "", 1, 200),
            "a [                    ] 0% 0/40000 b, 1.00/s, 11:06:40 left");
}

TEST(BarLine, OfAnUnknownTotalCounts) {
  EXPECT_EQ(bar_line("tokenizing", 7, 0, "rows", "", 0, 200), "tokenizing 7 rows");
}

TEST(BarLine, IsCutToTheTerminalButNeverInsideACharacter) {
  EXPECT_EQ(bar_line("äöü", 1, 0, "x", "", 0, 2), "äö");
  EXPECT_EQ(bar_line("ab", 3, 2, "x", "", 0, 9), "ab [=====");
}

TEST(ProgressLine, SaysTheSameWithoutThePicture) {
  EXPECT_EQ(progress_line("training", 45, 270, "steps", "loss 0.69", 2.5),
            "training 16% 45/270 steps, 2.50/s, 1:30 left, loss 0.69");
  EXPECT_EQ(progress_line("tokenizing", 7, 0, "rows", "", 0), "tokenizing 7 rows");
}

TEST(Terminal, WritesLinesOfItsLevelAndNoBarWhereThereIsNone) {
  testing::internal::CaptureStderr();
  {
    Terminal terminal(LogLevel::kWarning, ProgressForm::kLines, /*seconds_between_lines=*/0);
    terminal.write(LogLevel::kInfo, "unheard");
    terminal.write(LogLevel::kWarning, "heard");
    terminal.draw("work", 1, 2, "x", "", 1);
    terminal.end("work", 2, "x", 2);
  }
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_THAT(text, HasSubstr("warning: heard\n"));
  EXPECT_THAT(text, Not(HasSubstr("unheard")));
  EXPECT_THAT(text, Not(HasSubstr("work")));
}

// Into a file: what a person reads there later, and not ten lines a second of it.
TEST(Terminal, WhereThereIsNoBarProgressIsALineNowAndThen) {
  const auto said = [](double seconds_between_lines) {
    testing::internal::CaptureStderr();
    Terminal terminal(LogLevel::kInfo, ProgressForm::kLines, seconds_between_lines);
    terminal.draw("training", 8, 10, "steps", "loss 0.7", 1);
    terminal.draw("evaluating", 1, 4, "rows", "", 1);  // within the other, whose rate goes on
    terminal.end("evaluating", 4, "rows", 2);
    terminal.draw("training", 9, 10, "steps", "loss 0.6", 3);
    return testing::internal::GetCapturedStderr();
  };
  const std::string text = said(0);
  EXPECT_THAT(text, HasSubstr("info: training 80% 8/10 steps, loss 0.7\n"));
  EXPECT_THAT(text, HasSubstr("info: evaluating 25% 1/4 rows\n"));
  EXPECT_THAT(text, HasSubstr("info: training 90% 9/10 steps, 0.50/s, 0:02 left, loss 0.6\n"));
  EXPECT_THAT(said(Terminal::kSecondsBetweenLines), IsEmpty());
}

TEST(Terminal, ClearsTheBarBeforeALine) {
  testing::internal::CaptureStderr();
  {
    Terminal terminal(LogLevel::kInfo, ProgressForm::kBar);
    terminal.draw("work", 1, 2, "x", "", 1);
    terminal.write(LogLevel::kInfo, "line");
  }
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_LT(text.find("1/2 x"), text.find("\r\033[K", 1 + text.find("1/2 x")));
  EXPECT_LT(text.rfind("\r\033[K"), text.find("line"));
}

}  // namespace
}  // namespace xlt::cli
