// SPDX-License-Identifier: Apache-2.0
// Rows of messages under a format that is named on the command line.
#include "run/conversations.h"

#include "run/run_testing.h"

#include <gmock/gmock.h>

namespace xlt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ConversationsOf : public RunTest {
 protected:
  std::vector<std::string> warnings(const std::string& choice) const {
    LogLines log;
    Conversations conversations(path("tokenizer"), choice, {&log});
    const Json messages = Json::array({{{"role", "user"}, {"content", "a"}}});
    conversations.render(messages, true, "rows.jsonl:1");
    conversations.render(messages, true, "rows.jsonl:2");
    return log.lines;
  }
};

TEST_F(ConversationsOf, AFormatWhoseMarkersTheTokenizerLacksIsWarnedOfOnce) {
  EXPECT_THAT(
      warnings("chatml"),
      ElementsAre(HasSubstr("chat format chatml marks turns by <|im_start|>, which the tokenizer of")));
  EXPECT_THAT(warnings("llama-2"), IsEmpty());  // its markers are text
  Json tokenizer = load_json(path("tokenizer") + "/tokenizer.json");
  Json token = tokenizer["added_tokens"][0];
  token["id"] = tokenizer["model"]["vocab"].size();
  token["content"] = "<|im_start|>";
  tokenizer["added_tokens"].push_back(token);
  write_file(path("tokenizer") + "/tokenizer.json", dump_json(tokenizer));
  EXPECT_THAT(warnings("chatml"), IsEmpty());
}

}  // namespace
}  // namespace xlt
