// SPDX-License-Identifier: Apache-2.0
// Files through the three verbs, with a model that answers from its inputs.
#include "xlt/run/inference.h"

#include "scratch_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {
namespace {

using ::testing::HasSubstr;

// A text of n bytes scores −n; a continuation of n bytes after m bytes of context −(n + m/1000).
class CountingModel final : public LanguageModel {
 public:
  std::vector<std::vector<Completion>> generate(std::span<const GenerateRequest> requests,
                                                const GenerationOptions& options) override {
    std::vector<std::vector<Completion>> all;
    for (const auto& request : requests) {
      all.emplace_back();
      EXPECT_EQ(request.is_rendered, request.prompt.starts_with("<|im_start|>"));
      for (int64_t k = 0; k < (options.greedy ? 1 : options.num_samples); ++k)
        all.back().push_back({request.prompt + "!" + request.id, {k, 7}, FinishReason::kEos});
    }
    return all;
  }
  std::vector<LogLikelihood> log_likelihood(std::span<const LogLikelihoodRequest> requests) override {
    std::vector<LogLikelihood> scores;
    for (const auto& request : requests)
      scores.push_back({-(static_cast<double>(request.continuation.size()) +
                          static_cast<double>(request.context.size()) / 1000),
                        1,
                        {-1.0}});
    return scores;
  }
  std::vector<LogLikelihood> rolling_log_likelihood(std::span<const std::string> texts,
                                                    TextStart start) override {
    EXPECT_NE(start, TextStart::kDocument);  // what the contract of `xlt score` says
    std::vector<LogLikelihood> scores;
    for (const auto& text : texts) {
      EXPECT_EQ(start == TextStart::kRendered, text.starts_with("<|im_start|>"));
      scores.push_back({-static_cast<double>(text.size()), 2, {-0.5, -0.25}});
    }
    return scores;
  }
  std::optional<double> bos_log_likelihood() override { return std::nullopt; }
  std::vector<std::string> tokenize(std::string_view text) const override { return {std::string(text)}; }
  const LanguageModelInfo& info() const override { return info_; }
  int64_t num_tokens_computed() const override { return 0; }

 private:
  LanguageModelInfo info_;
};

class FileVerbs : public FolderTest {
 protected:
  std::string input(const std::string& text) const {
    write_file(folder_ / "in.jsonl", text);
    return (folder_ / "in.jsonl").string();
  }
  std::string output() const { return (folder_ / "out.jsonl").string(); }
  std::string score(const std::string& rows, bool per_token = false) const {
    ScoreOptions options;
    options.input = input(rows);
    options.output = output();
    options.per_token = per_token;
    options.chat_template = "chatml";
    score_file(options, make_, {});
    return read_file(output());
  }
  std::string error_of(const std::string& rows) const {
    fs::remove(output());  // of an earlier call
    try {
      score(rows);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kData);
      EXPECT_FALSE(fs::exists(output()));
      return error.what();
    }
    ADD_FAILURE() << "no error was thrown";
    return {};
  }
  LanguageModelMaker make_ = [] { return std::make_unique<CountingModel>(); };
};

TEST_F(FileVerbs, ScoreKeepsTheOrderOfMixedRows) {
  EXPECT_EQ(
      score(
          "{\"text\":\"abc\"}\n{\"context\":\"x\",\"continuation\":\"yz\",\"id\":\"q\"}\n{\"text\":\"a\"}\n"),
      "{\"log_likelihood\":-3.0,\"num_tokens\":2}\n"
      "{\"id\":\"q\",\"log_likelihood\":-2.001,\"num_tokens\":1}\n"
      "{\"log_likelihood\":-1.0,\"num_tokens\":2}\n");
}

// ChatML puts 28 bytes around a user's letter.
TEST_F(FileVerbs, ConversationsAreScoredAsTheirTemplateWritesThem) {
  EXPECT_EQ(
      score("{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"id\":1}\n{\"text\":\"abc\"}\n"),
      "{\"id\":1,\"log_likelihood\":-29.0,\"num_tokens\":2}\n{\"log_likelihood\":-3.0,\"num_tokens\":2}\n");
  EXPECT_THAT(error_of("{\"messages\":[],\"text\":\"a\"}\n"),
              HasSubstr("has both \"messages\" and \"text\""));
  EXPECT_THAT(error_of("{\"text\":\"a\"}\n{\"messages\":[]}\n"), HasSubstr("in.jsonl:2: messages"));
}

TEST_F(FileVerbs, ConversationsAreContinuedWhereTheAnswerBegins) {
  GenerateFileOptions options;
  options.prompts = input(
      "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"id\":\"x\"}\n{\"prompt\":\"q\",\"id\":\"y\"}"
      "\n");
  options.output = output();
  options.chat_template = "chatml";
  options.generation.greedy = true;
  generate_file(options, make_, {});
  EXPECT_THAT(read_file(output()), HasSubstr(R"(<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n!x)"));
  EXPECT_THAT(read_file(output()),
              HasSubstr(R"("prompt":"<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n"})"));
  options.chat_template = "none";
  EXPECT_THROW(generate_file(options, make_, {}), Error);
}

TEST_F(FileVerbs, ScorePerTokenAddsTheTokens) {
  EXPECT_EQ(score("{\"text\":\"abc\"}\n", true),
            "{\"log_likelihood\":-3.0,\"num_tokens\":2,\"token_log_likelihoods\":[-0.5,-0.25]}\n");
}

TEST_F(FileVerbs, ScoreNamesTheRowWithoutText) {
  EXPECT_THAT(error_of("{\"text\":\"a\"}\n{\"txt\":\"b\"}\n"), HasSubstr("in.jsonl:2"));
}

TEST_F(FileVerbs, ScoreRefusesARowOfBothKinds) {
  EXPECT_THAT(error_of("{\"text\":\"a\",\"context\":\"b\"}\n"), HasSubstr("in.jsonl:1: has both"));
}

TEST_F(FileVerbs, GenerateWritesARowASampleWithIds) {
  GenerateFileOptions options;
  options.prompts = input("{\"prompt\":\"p\",\"id\":\"one\",\"language\":\"de\"}\n{\"prompt\":\"q\"}\n");
  options.output = output();
  options.generation.num_samples = 2;
  const FileTally tally = generate_file(options, make_, {});
  EXPECT_EQ(tally.rows, 4);
  EXPECT_EQ(tally.tokens, 8);
  EXPECT_THAT(tally.summary("f"), HasSubstr("wrote 4 rows to f: 8 tokens in "));
  EXPECT_EQ(
      read_file(output()),
      R"({"id":"one","sample":0,"text":"p!one","token_ids":[0,7],"finish_reason":"eos","prompt":"p","language":"de"})"
      "\n"
      R"({"id":"one","sample":1,"text":"p!one","token_ids":[1,7],"finish_reason":"eos","prompt":"p","language":"de"})"
      "\n"
      R"({"id":1,"sample":0,"text":"q!q#1","token_ids":[0,7],"finish_reason":"eos","prompt":"q"})"
      "\n"
      R"({"id":1,"sample":1,"text":"q!q#1","token_ids":[1,7],"finish_reason":"eos","prompt":"q"})"
      "\n");
}

TEST_F(FileVerbs, ModelIsNotLoadedForRowsThatAreWrong) {
  bool loaded = false;
  make_ = [&] {
    loaded = true;
    return std::make_unique<CountingModel>();
  };
  error_of("{\"context\":\"only\"}\n");
  EXPECT_FALSE(loaded);
}

}  // namespace
}  // namespace xlt
