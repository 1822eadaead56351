// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/nested_progress.h"

#include <vector>

#include <gmock/gmock.h>

namespace xlt {
namespace {

using ::testing::ElementsAre;

struct Recorder final : ProgressSink {
  std::vector<std::string> lines;
  void draw(const std::string& title, int64_t done, int64_t total, const std::string& unit,
            const std::string& note, double) override {
    lines.push_back(title + " " + std::to_string(done) + "/" + std::to_string(total) + " " + unit + " (" +
                    note + ")");
  }
  void end(const std::string& title, int64_t, const std::string&, double) override {
    lines.push_back("end " + title);
  }
};

TEST(NestedProgress, InnerBarsBecomeTheNoteOfTheWhole) {
  Recorder recorder;
  NestedProgress nested(&recorder, "evaluating");
  nested.draw("loading", 1, 2, "files", "", 0);
  nested.end("loading", 2, "files", 0);
  nested.draw("evaluating", 0, 9, "cells", "rtp_lx fr", 0);
  nested.draw("generating", 3, 8, "samples", "", 0);
  nested.end("generating", 8, "samples", 0);
  nested.end("evaluating", 9, "cells", 0);
  nested.draw("merging", 1, 0, "files", "", 0);
  EXPECT_THAT(recorder.lines,
              ElementsAre("loading 1/2 files ()", "end loading", "evaluating 0/9 cells (rtp_lx fr)",
                          "evaluating 0/9 cells (rtp_lx fr: generating 3/8)", "end evaluating",
                          "merging 1/0 files ()"));
}

TEST(NestedProgress, WithoutASinkNothingHappens) {
  NestedProgress nested(nullptr, "evaluating");
  nested.draw("evaluating", 0, 9, "cells", "", 0);
  nested.end("evaluating", 9, "cells", 0);
}

}  // namespace
}  // namespace xlt
