// SPDX-License-Identifier: Apache-2.0
#include "cli/cli_testing.h"

#include <sstream>

#include <gmock/gmock.h>

#include "xlt/models/decoder.h"
#include "xlt/models/encoder.h"
#include "xlt/models/encoder_decoder.h"
#include "xlt/scorers/scorer.h"
#include "xlt/train/trainer.h"

namespace xlt::cli {
namespace {

using testing::ElementsAreArray;

struct Row {
  std::string name, what;
};
// What `xlt ls ARGUMENTS` lists; lines that go on with a row are indented.
std::vector<Row> listed(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "ls");
  const Outcome outcome = run_xlt(arguments);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  std::vector<Row> rows;
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(' ')) continue;
    const size_t end = line.find(' '), begin = line.find_first_not_of(' ', end);
    rows.push_back({line.substr(0, end), begin == std::string::npos ? "" : line.substr(begin)});
  }
  return rows;
}

std::vector<std::string> names_listed(const std::string& kind) {
  std::vector<std::string> names;
  for (const Row& row : listed({kind})) names.push_back(row.name);
  return names;
}

TEST(Ls, EveryRowOfEveryKindIsDescribed) {
  const auto kinds = listed({});
  EXPECT_GE(kinds.size(), 16u);
  for (const Row& kind : kinds) {
    EXPECT_NE(kind.what, "") << kind.name;
    const auto rows = listed({kind.name});
    EXPECT_FALSE(rows.empty()) << kind.name;
    for (const Row& row : rows) EXPECT_NE(row.what, "") << kind.name << ": " << row.name;
  }
}

TEST(Ls, ListsWhatTheTablesHold) {
  EXPECT_THAT(names_listed("methods"), ElementsAreArray(method_names()));
  EXPECT_THAT(names_listed("scorers"), ElementsAreArray(scorer_names()));
  EXPECT_THAT(names_listed("families"), ElementsAreArray(family_names()));
  EXPECT_THAT(names_listed("encoders"), ElementsAreArray(encoder_names()));
  EXPECT_THAT(names_listed("seq2seq"), ElementsAreArray(encoder_decoder_names()));
  EXPECT_THAT(names_listed("schedules"), testing::ElementsAre("constant", "constant_with_warmup", "linear"));
  EXPECT_THAT(names_listed("works"), testing::ElementsAre("matmul", "generate", "score", "dpo", "sft"));
}

TEST(Ls, AWorkThatIsNoneIsAnsweredWithThoseThatThereAre) {
  const Outcome outcome = run_xlt({"bench", "--work", "matmul,scoer"});
  EXPECT_EQ(outcome.code, 2);
  for (const std::string& name : names_listed("works")) EXPECT_THAT(outcome.err, testing::HasSubstr(name));
}

TEST(Ls, WorksOnAModelAreRefusedWithoutOne) {
  const Outcome outcome = run_xlt({"bench", "--work", "dpo"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err,
              testing::HasSubstr("generate, score, dpo, sft: each needs --model DIR and --data"));
  EXPECT_THAT(outcome.err, testing::HasSubstr("--work matmul needs neither"));
}

}  // namespace
}  // namespace xlt::cli
