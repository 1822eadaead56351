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

TEST(Terminal, WritesLinesOfItsLevelAndNoBarWhereThereIsNone) {
  testing::internal::CaptureStderr();
  {
    Terminal terminal(LogLevel::kWarning, /*shows_progress=*/false);
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

TEST(Terminal, ClearsTheBarBeforeALine) {
  testing::internal::CaptureStderr();
  {
    Terminal terminal(LogLevel::kInfo, /*shows_progress=*/true);
    terminal.draw("work", 1, 2, "x", "", 1);
    terminal.write(LogLevel::kInfo, "line");
  }
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_LT(text.find("1/2 x"), text.find("\r\033[K", 1 + text.find("1/2 x")));
  EXPECT_LT(text.rfind("\r\033[K"), text.find("line"));
}

}  // namespace
}  // namespace xlt::cli
