// SPDX-License-Identifier: Apache-2.0
// Programs as scorers: those that answer, and those that do not as they should.
#include "scratch_folder.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/scorers/scorer.h"

namespace xlt {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;

class Exec : public FolderTest {
 protected:
  std::string program(const std::string& script, const std::string& name = "program") const {
    const fs::path file = folder_ / name;
    write_file(file, "#!/bin/sh\n" + script);
    fs::permissions(file, fs::perms::owner_all);
    return file.string();
  }
  // Scores, or reasons, of texts in English.
  static std::vector<std::string> answers(TextScorer& scorer, const std::vector<std::string>& texts) {
    std::vector<ScoreRequest> requests;
    for (const std::string& text : texts) requests.push_back({text, "en"});
    std::vector<std::string> answers;
    for (const ScoreResult& result : scorer.score(requests))
      answers.push_back(std::holds_alternative<Score>(result) ? str_cat(std::get<Score>(result).value)
                                                              : std::get<Unscored>(result).text());
    return answers;
  }
  std::vector<std::string> answers(const std::string& script, const std::vector<std::string>& texts) const {
    return answers(*make_scorer("exec:" + program(script), {.timeout = 20}), texts);
  }
  static std::string complaint_of(const std::string& spec, double timeout,
                                  const std::vector<std::string>& texts) {
    try {
      answers(*make_scorer(spec, {.timeout = timeout}), texts);
      return "";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kIo);
      return error.what();
    }
  }
};

constexpr const char* kFool =
    "while read -r line; do case \"$line\" in *fool*) echo '{\"score\": 0.75}';; *) echo '{\"score\": 0}';; "
    "esac; "
    "done";

TEST_F(Exec, AnswersInTheOrderOfTheTexts) {
  EXPECT_EQ(answers(kFool, {"you fool", "a\nb", "fool", " \n", "x"}),
            (std::vector<std::string>{"0.75", "0", "0.75", "empty text", "0"}));
}

TEST_F(Exec, IsAskedWithTextAndLanguage) {
  const auto scorer =
      make_scorer("exec:" + program("cat > " + (folder_ / "asked").string() + "; echo '{\"score\": 1}'"), {});
  const ScoreRequest request{"say \"hé\"\n", "pt-BR"};
  EXPECT_EQ(std::get<Score>(scorer->score({&request, 1})[0]).value, 1);
  EXPECT_EQ(read_file(folder_ / "asked"), "{\"text\":\"say \\\"hé\\\"\\n\",\"language\":\"pt-BR\"}\n");
}

TEST_F(Exec, ALineThatIsNoScoreIsThatTextsAlone) {
  const std::string script =
      "cat > /dev/null; echo '{\"score\": 0.5}'; echo '{\"unscored\": \"too odd\"}'; echo '{\"score\": "
      "1.5}'; "
      "echo '{\"score\": -0.1}'; echo '{\"score\": NaN}'; echo '{\"score\": null}'; echo '{}'; echo 'oops'; "
      "printf '{\"score\": 1}'";
  EXPECT_EQ(
      answers(script, {"a", "b", "c", "d", "e", "f", "g", "h", "i"}),
      (std::vector<std::string>{
          "0.5", "too odd", "a score outside 0 … 1", "a score outside 0 … 1",
          "the program's line is not JSON", "the program's line holds neither a score nor a reason",
          "the program's line holds neither a score nor a reason", "the program's line is not JSON", "1"}));
}

TEST_F(Exec, AWrongNumberOfRowsScoresNothing) {
  EXPECT_THAT(answers("cat > /dev/null; echo '{\"score\": 1}'", {"a", "b"}),
              Each("the program answered 1 rows to 2 texts"));
  EXPECT_THAT(answers("cat > /dev/null; for i in 1 2 3; do echo '{\"score\": 1}'; done", {"a", "b"}),
              Each("the program answered 3 rows to 2 texts"));
  EXPECT_THAT(answers("exit 0", {"a", "b"}), Each("the program answered 0 rows to 2 texts"));
}

// Answers before it has read everything: with one end pumped at a time both sides would wait for ever.
TEST_F(Exec, BothEndsArePumpedAtOnce) {
  std::vector<std::string> texts(3000, std::string(1000, 'x'));
  texts.back() = "fool";
  const auto found = answers(kFool, texts);
  ASSERT_EQ(found.size(), texts.size());
  EXPECT_EQ(found.front(), "0");
  EXPECT_EQ(found.back(), "0.75");
  EXPECT_THAT(answers("i=0; while [ $i -lt 3000 ]; do echo '{\"score\": 0.25}'; i=$((i+1)); done", texts),
              Each("0.25"));
}

TEST_F(Exec, OneThatDiesIsAnErrorWithItsLastWords) {
  const std::string dies = program("read -r line; echo '{\"score\": 1}'; echo 'no model there' >&2; exit 7");
  EXPECT_EQ(complaint_of("exec:" + dies, 20, {"a", "b"}),
            dies + ": ended with status 7 after 1 of 2 rows; its last words: no model there");
  const std::string killed = program("kill -9 $$", "killed");
  EXPECT_EQ(complaint_of("exec:" + killed, 20, {"a"}), killed + ": ended with signal 9 after 0 of 1 rows");
}

TEST_F(Exec, OneThatHangsIsKilledWithWhatItStarted) {
  const fs::path mark = folder_ / "alive";
  const std::string hangs =
      program("(sleep 2; touch " + mark.string() + ") & cat > /dev/null; sleep 60", "hangs");
  const double begin = monotonic_seconds();
  EXPECT_EQ(complaint_of("exec:" + hangs, 0.3, {"a"}),
            hangs + ": did nothing for 0.3 seconds and was killed (--scorer-timeout)");
  EXPECT_LT(monotonic_seconds() - begin, 20);
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  EXPECT_FALSE(fs::exists(mark));
}

TEST_F(Exec, OneThatNeverStopsWritingIsAnError) {
  EXPECT_THAT(complaint_of("exec:" + program("yes"), 20, {"a"}), HasSubstr("wrote more than"));
}

TEST_F(Exec, StopsWhenAsked) {
  const std::atomic<bool> flag = true;
  const auto scorer = make_scorer("exec:" + program("sleep 60"), {.context = {.interrupted_flag = &flag}});
  try {
    answers(*scorer, {"a"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInterrupted);
  }
}

TEST_F(Exec, ProgramsThatCannotBeStartedAreRefusedAtOnce) {
  write_file(folder_ / "plain", "text");
  fs::permissions(folder_ / "plain", fs::perms::owner_read);
  for (const std::string& path :
       {(folder_ / "absent").string(), folder_.string(), (folder_ / "plain").string()})
    EXPECT_THROW(make_scorer("exec:" + path, {}), Error) << path;
  write_file(folder_ / "odd", "#!/no/such/shell\n");
  fs::permissions(folder_ / "odd", fs::perms::owner_all);
  EXPECT_THAT(complaint_of("exec:" + (folder_ / "odd").string(), 20, {"a"}), HasSubstr("cannot be started"));
  EXPECT_THROW(make_scorer("exec", {}), Error);
}

TEST_F(Exec, IsKnownByPathAndContent) {
  const std::string first = make_scorer("exec:" + program(kFool), {})->hash();
  EXPECT_EQ(make_scorer("exec:" + program(kFool), {})->hash(), first);
  EXPECT_NE(make_scorer("exec:" + program(kFool, "copy"), {})->hash(), first);
  EXPECT_NE(make_scorer("exec:" + program("exit 1"), {})->hash(), first);
  EXPECT_EQ(make_scorer("exec:" + program(kFool), {})->name(), "exec:program");
}

}  // namespace
}  // namespace xlt
