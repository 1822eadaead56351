// SPDX-License-Identifier: Apache-2.0
// Training records out of rows: text, prompt-completion, preference.
#include "xlt/dataset/record.h"

#include "dataset/data_testing.h"

#include "xlt/base/json.h"

namespace xlt {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

class LoadSft : public DataTest {
 protected:
  Error error(const std::string& text) const {
    const std::string path = file("a.jsonl", text);
    return error_of([&] { load_sft(path, {}); });
  }
};
class LoadPreference : public LoadSft {
 protected:
  Error error(const std::string& text) const {
    const std::string path = file("a.jsonl", text);
    return error_of([&] { load_preference(path, {}); });
  }
};

TEST_F(LoadSft, TextRowsBecomeTextRecords) {
  const auto records = load_sft(file("a.jsonl", "{\"text\":\"one\"}\n{\"text\":\"two\"}\n"), {});
  ASSERT_EQ(records.size(), 2u);
  EXPECT_TRUE(records[1].is_text);
  EXPECT_EQ(records[1].prompt, "");
  EXPECT_EQ(records[1].completion, "two");
  EXPECT_THAT(records[1].place, EndsWith("a.jsonl:2"));
}

TEST_F(LoadSft, PromptAndCompletionBecomeOneRecord) {
  const auto records = load_sft(file("a.jsonl", "{\"prompt\":\"Q\",\"completion\":\" A\"}\n"), {});
  ASSERT_EQ(records.size(), 1u);
  EXPECT_FALSE(records[0].is_text);
  EXPECT_EQ(records[0].prompt, "Q");
  EXPECT_EQ(records[0].completion, " A");
}

TEST_F(LoadSft, TextGoesBeforePromptAndCompletion) {
  const auto records =
      load_sft(file("a.jsonl", "{\"text\":\"T\",\"prompt\":\"Q\",\"completion\":\"A\"}\n"), {});
  EXPECT_TRUE(records[0].is_text);
  EXPECT_EQ(records[0].completion, "T");
}

// Renders a message as role and content, and "+" where an answer would begin.
std::string rendered(const Json& messages, bool add_generation_prompt, const std::string&) {
  std::string text;
  for (const Json& message : messages)
    text += message.at("role").get<std::string>() + ":" + message.at("content").get<std::string>() + "|";
  return text + (add_generation_prompt ? "+" : "");
}

constexpr const char* kUser = R"([{"role":"u","content":"Q"}])";
constexpr const char* kAnswer = R"([{"role":"a","content":"A"}])";
constexpr const char* kOther = R"([{"role":"a","content":"B"}])";

TEST_F(LoadSft, MessagesAreRendered) {
  const std::string messages = file("m.jsonl", str_cat(R"({"messages":)", kUser, "}\n"));
  auto records = load_sft(messages, {}, rendered);
  EXPECT_TRUE(records.at(0).is_text && records.at(0).is_rendered);
  EXPECT_EQ(records[0].completion, "u:Q|");
  records = load_sft(file("p.jsonl", str_cat(R"({"prompt":)", kUser, R"(,"completion":)", kAnswer, "}\n")),
                     {}, rendered);
  EXPECT_FALSE(records.at(0).is_text);
  EXPECT_EQ(records[0].prompt, "u:Q|+");
  EXPECT_EQ(records[0].completion, "u:Q|a:A|");
  EXPECT_EQ(error_of([&] { load_sft(messages, {}); }).kind(), ErrorKind::kUsage);
  const std::string half = file("h.jsonl", str_cat(R"({"prompt":)", kUser, R"(,"completion":"A"})", "\n"));
  EXPECT_THAT(error_of([&] { load_sft(half, {}, rendered); }).message(),
              HasSubstr("\"completion\" holds no messages"));
}

TEST_F(LoadPreference, MessagesAreRendered) {
  const auto whole = [](const char* answer) {
    std::string messages = kUser;
    messages.back() = ',';
    return messages + (answer + 1);
  };
  for (const std::string& row :
       {str_cat(R"({"prompt":)", kUser, R"(,"chosen":)", kAnswer, R"(,"rejected":)", kOther, "}\n"),
        str_cat(R"({"chosen":)", whole(kAnswer), R"(,"rejected":)", whole(kOther), "}\n"),
        str_cat(R"({"prompt":"Q","chosen":)", whole(kAnswer), R"(,"rejected":)", whole(kOther), "}\n")}) {
    const auto records = load_preference(file("p.jsonl", row), {}, rendered);
    ASSERT_EQ(records.size(), 1u);
    EXPECT_TRUE(records[0].is_rendered);
    EXPECT_EQ(records[0].prompt, "u:Q|+");
    EXPECT_EQ(records[0].chosen, "u:Q|a:A|");
    EXPECT_EQ(records[0].rejected, "u:Q|a:B|");
  }
  const std::string alike =  // the last message is left to each
      file("a.jsonl", str_cat(R"({"chosen":)", whole(kAnswer), R"(,"rejected":)", whole(kAnswer), "}\n"));
  EXPECT_EQ(load_preference(alike, {}, rendered).at(0).prompt, "u:Q|+");
  const std::string labelled = file(
      "l.jsonl", str_cat(R"({"prompt":)", kUser, R"(,"completion":)", kAnswer, R"(,"label":false})", "\n"));
  const auto rows = load_labelled(labelled, {}, rendered);
  EXPECT_FALSE(rows.at(0).is_desirable);
  EXPECT_EQ(rows[0].completion, "u:Q|a:A|");
}

TEST_F(LoadSft, MixtureOfKindsIsAnErrorAtTheFirstOther) {
  const Error e = error("{\"text\":\"T\"}\n{\"text\":\"T\"}\n{\"prompt\":\"Q\",\"completion\":\"A\"}\n");
  EXPECT_EQ(e.kind(), ErrorKind::kData);
  EXPECT_THAT(e.context(), EndsWith("a.jsonl:3"));
  EXPECT_THAT(e.message(), HasSubstr("mixed"));
}

TEST_F(LoadSft, FieldsCanBeNamed) {
  DataFields fields;
  fields.text_field = "sentence";
  EXPECT_EQ(load_sft(file("a.csv", "id,sentence\n1,hello\n"), fields)[0].completion, "hello");
}

TEST_F(LoadSft, MissingFieldsAndEmptyTextsAreErrors) {
  EXPECT_THAT(error("{\"txt\":\"T\"}\n").what(), HasSubstr("did you mean \"txt\"?"));
  EXPECT_THAT(error("{\"prompt\":\"Q\",\"compltion\":\"A\"}\n").what(),
              HasSubstr("did you mean \"compltion\"?"));
  EXPECT_THAT(error("{\"text\":\"T\"}\n{\"text\":\"\"}\n").what(), HasSubstr("a.jsonl:2: the text is empty"));
  EXPECT_THAT(error("{\"prompt\":\"Q\",\"completion\":\"\"}\n").what(), HasSubstr("the completion is empty"));
}

TEST_F(LoadSft, ARowOfAnotherKindIsAnsweredWithTheKindsThereAre) {
  const std::string pair = file("p.jsonl", "{\"prompt\":\"Q\",\"chosen\":\"A\",\"rejected\":\"B\"}\n");
  const std::string said = error_of([&] { load_sft(pair, {}, rendered); }).message();
  EXPECT_THAT(said, HasSubstr("has no field \"completion\""));
  EXPECT_THAT(said, HasSubstr("expected {\"text\"}, {\"messages\"} or {\"prompt\", \"completion\"}"));
  EXPECT_THAT(said, HasSubstr("--completion-field chosen"));
  EXPECT_THAT(
      error("{\"line\":\"T\"}\n").message(),
      HasSubstr("has no field \"text\"; it has line; expected {\"text\"} or {\"prompt\", \"completion\"}"));
}

TEST_F(LoadPreference, RowsBecomePairs) {
  const auto pairs =
      load_preference(file("a.jsonl", "{\"prompt\":\"Q\",\"chosen\":\" yes\",\"rejected\":\" no\"}\n"), {});
  ASSERT_EQ(pairs.size(), 1u);
  EXPECT_EQ(pairs[0].prompt, "Q");
  EXPECT_EQ(pairs[0].chosen, " yes");
  EXPECT_EQ(pairs[0].rejected, " no");
  EXPECT_THAT(pairs[0].place, EndsWith("a.jsonl:1"));
}

TEST_F(LoadPreference, PromptMayBeEmpty) {
  const auto pairs =
      load_preference(file("b.jsonl", "{\"prompt\":\"\",\"chosen\":\"y\",\"rejected\":\"n\"}\n"), {});
  EXPECT_EQ(pairs[0].prompt, "");
}

// What trl.data_utils.extract_prompt (1.16) gives for the same sides; é and è share their first byte.
TEST_F(LoadPreference, WithoutAPromptItIsWhatBothAnswersBeginWith) {
  constexpr const char* kRows[][5] = {
      {"Q: who? A: he", "Q: who? A: she", "Q: who? A:", " he", " she"},
      {"Q?\\nyes", "Q?\\nno", "Q?\n", "yes", "no"},
      {"caf\u00e9", "caf\u00e8s", "caf", "\u00e9", "\u00e8s"},
      {"un \u00e9t\u00e9", "un \u00e8re", "un", " \u00e9t\u00e9", " \u00e8re"},
      {"y", "n", "", "y", "n"},
      {"a b", "a b c", "a ", "b", "b c"},
      {"caf\u00e9", "caf\u00e9", "caf", "\u00e9", "\u00e9"}};
  for (const auto& [chosen, rejected, prompt, yes, no] : kRows) {
    const std::string path =
        file("a.jsonl", str_cat("{\"chosen\":\"", chosen, "\",\"rejected\":\"", rejected, "\"}\n"));
    const auto pair = load_preference(path, {}).at(0);
    EXPECT_EQ(pair.prompt, prompt);
    EXPECT_EQ(pair.chosen, yes);
    EXPECT_EQ(pair.rejected, no);
    EXPECT_EQ(load_labelled(path, {}).at(1).completion, no);
  }
}

TEST_F(LoadPreference, APromptOfAnotherNameIsNotLost) {
  EXPECT_THAT(error("{\"promt\":\"Q\",\"chosen\":\"y\",\"rejected\":\"n\"}\n").message(),
              HasSubstr("did you mean \"promt\"?"));
  EXPECT_THAT(error("{\"prompt\":null,\"chosen\":\"y\",\"rejected\":\"n\"}\n").message(),
              HasSubstr("\"prompt\" is null"));
  DataFields fields;
  fields.prompt_field = "question";
  const std::string path = file("b.jsonl", "{\"chosen\":\"y\",\"rejected\":\"n\"}\n");
  EXPECT_THAT(error_of([&] { load_preference(path, fields); }).message(), HasSubstr("\"question\""));
}

TEST_F(LoadPreference, EmptyAnswersAreErrors) {
  EXPECT_THAT(error("{\"prompt\":\"Q\",\"chosen\":\"\",\"rejected\":\"n\"}\n").what(),
              HasSubstr("a.jsonl:1: the chosen answer is empty"));
  EXPECT_THAT(error("{\"prompt\":\"Q\",\"chosen\":\"y\",\"rejected\":\"\"}\n").what(),
              HasSubstr("a.jsonl:1: the rejected answer is empty"));
}

TEST_F(LoadPreference, MissingFieldOffersTheNearest) {
  const Error e = error("{\"prompt\":\"Q\",\"choosen\":\"y\",\"rejected\":\"n\"}\n");
  EXPECT_EQ(e.kind(), ErrorKind::kData);
  EXPECT_THAT(e.message(), HasSubstr("did you mean \"choosen\"?"));
}

TEST_F(LoadPreference, FieldsCanBeNamed) {
  DataFields fields;
  fields.prompt_field = "q";
  fields.chosen_field = "good";
  fields.rejected_field = "bad";
  const auto pairs = load_preference(file("a.tsv", "q\tgood\tbad\nQ\ty\tn\n"), fields);
  EXPECT_EQ(pairs[0].prompt + pairs[0].chosen + pairs[0].rejected, "Qyn");
}

class LoadLabelled : public DataTest {};

TEST_F(LoadLabelled, RowsSayWhetherTheirCompletionIsDesirable) {
  const auto rows = load_labelled(file("a.jsonl",
                                       "{\"prompt\":\"Q\",\"completion\":\"A\",\"label\":true}\n"
                                       "{\"prompt\":\"Q\",\"completion\":\"B\",\"label\":0}\n"),
                                  {});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_TRUE(rows[0].is_desirable);
  EXPECT_FALSE(rows[1].is_desirable);
  EXPECT_EQ(rows[1].completion, "B");
  EXPECT_THAT(rows[1].place, EndsWith("a.jsonl:2"));
  EXPECT_FALSE(load_labelled(file("b.csv", "prompt,completion,label\nQ,A,False\n"), {})[0].is_desirable);
}

TEST_F(LoadLabelled, APairIsTwoRows) {
  const auto rows =
      load_labelled(file("a.jsonl", "{\"prompt\":\"Q\",\"chosen\":\"y\",\"rejected\":\"n\"}\n"), {});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].completion, "y");
  EXPECT_TRUE(rows[0].is_desirable);
  EXPECT_EQ(rows[1].completion, "n");
  EXPECT_FALSE(rows[1].is_desirable);
}

TEST_F(LoadLabelled, OtherLabelsAndEmptyCompletionsAreErrors) {
  const auto message = [&](const std::string& text) {
    const std::string path = file("a.jsonl", text);
    return std::string(error_of([&] { load_labelled(path, {}); }).what());
  };
  EXPECT_THAT(message("{\"prompt\":\"Q\",\"completion\":\"A\",\"label\":2}\n"),
              HasSubstr("is 2; expected true"));
  EXPECT_THAT(message("{\"prompt\":\"Q\",\"completion\":\"A\",\"lable\":true}\n"), HasSubstr("lable"));
  EXPECT_THAT(message("{\"prompt\":\"Q\",\"completion\":\"\",\"label\":true}\n"), HasSubstr("is empty"));
  EXPECT_THAT(message("{\"prompt\":\"Q\",\"chosen\":\"\",\"rejected\":\"n\"}\n"), HasSubstr("is empty"));
}

TEST_F(LoadSft, SeveralFilesAreReadInTheOrderGiven) {
  const std::string a = file("a.jsonl", "{\"text\":\"from a\"}\n"), b = file("b.txt", "from b\n");
  const std::string data = b + "," + a;
  const auto records = load_sft(data, {});
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].completion, "from b");
  EXPECT_EQ(records[1].completion, "from a");
  EXPECT_THAT(data_files(data), ElementsAre(fs::path(b), fs::path(a)));
}

class LoadTexts : public DataTest {};

TEST_F(LoadTexts, TakesRowsPlainTextAndTatoebasColumns) {
  const std::string files = file("a.jsonl", "{\"text\":\"eins\"}\n") + "," + file("b.txt", "deux\n") + "," +
                            file("c.tsv", "Drei.\tThree.\nVier.\tFour.\n") + "," +
                            file("d.tsv", "1\tCinq.\t2\tFive.\n") + "," +
                            file("e.tsv", "id\ttext\n7\tsechs\n");
  std::vector<std::string> texts;
  for (const SftRecord& record : load_texts(files, {})) texts.push_back(record.completion);
  EXPECT_THAT(texts, ElementsAre("eins", "deux", "Drei.", "Vier.", "Cinq.", "sechs"));
}

TEST_F(LoadTexts, OfATsvWithoutTextsSayWhatIsExpected) {
  const std::string path = file("a.tsv", "1\t2\t3\t4\t5\n");
  const Error error = error_of([&] { load_texts(path, {}); });
  EXPECT_EQ(error.kind(), ErrorKind::kData);
  EXPECT_THAT(error.context(), EndsWith("a.tsv"));
  EXPECT_THAT(error.message(), HasSubstr("field \"text\""));
}

// One file of pairs in several scripts: nothing looks at a row's language.
TEST_F(LoadPreference, RowsOfAnyLanguagesAreOneFile) {
  const auto records = load_preference(
      file("a.jsonl",
           "{\"prompt\":\"Он\",\"chosen\":\" ушёл\",\"rejected\":\" дурак\",\"language\":\"ru\"}\n"
           "{\"prompt\":\"他\",\"chosen\":\"走了\",\"rejected\":\"笨\"}\n"
           "{\"prompt\":\"He\",\"chosen\":\" left\",\"rejected\":\" sulked\"}\n"),
      {});
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0].chosen, " ушёл");
  EXPECT_EQ(records[1].rejected, "笨");
}

}  // namespace
}  // namespace xlt
