// SPDX-License-Identifier: Apache-2.0
#include "cli/standard_input.h"

#include <gmock/gmock.h>

namespace xlt::cli {
namespace {

struct Options {
  std::string input = "-", eval_data = "a,-", output = "-";
  std::vector<std::string> data{"a.jsonl", "-"};
  void visit(OptionVisitor& v) {
    v.field("input", input, "rows");
    v.field("eval_data", eval_data, "rows");
    v.field("output", output, "file");
    v.field("data", data, "files of rows");
  }
};

TEST(StandardInput, IsADashWhereRowsAreRead) {
  Options options;
  resolve_standard_input(visit_of(options));
  EXPECT_EQ(options.input, "/dev/stdin");
  EXPECT_THAT(options.data, testing::ElementsAre("a.jsonl", "/dev/stdin"));
  EXPECT_EQ(options.eval_data, "a,-");
  EXPECT_EQ(options.output, "-");
}

}  // namespace
}  // namespace xlt::cli
