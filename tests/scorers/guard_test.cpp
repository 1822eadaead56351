// SPDX-License-Identifier: Apache-2.0
// Guards as scorers: what they are asked, and what becomes of their verdicts. tests/parity/chat_parity.py has
// the numbers of a real decoder.
#include "lm/fake_language_model.h"
#include "scratch_folder.h"

#include <cmath>

#include <gmock/gmock.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/scorers/scorer.h"

namespace xlt {
namespace {

using ::testing::HasSubstr;

constexpr const char* kChatMl =
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}";
constexpr const char* kLlamaGuard =
    "Check: {{ messages[0]['content'] }}\nAnswer 'safe' or 'unsafe'.{% if add_generation_prompt %}<answer>{% "
    "endif %}";

// Hands out one model, whose requests a test can read.
class Models final : public ScorerModels {
 public:
  std::unique_ptr<TextClassifier> load_classifier(const std::filesystem::path&) override { return nullptr; }
  std::unique_ptr<LanguageModel> load_language_model(const std::filesystem::path&) override {
    auto model = std::make_unique<FakeLanguageModel>();
    model->scripted = scripted;
    last = model.get();
    return model;
  }
  std::string hash_of(const std::filesystem::path&) override { return "weights"; }

  std::map<std::string, LogLikelihood> scripted;
  FakeLanguageModel* last = nullptr;
};

class Guards : public FolderTest {
 protected:
  std::string guard(const std::string& chat_template) const {
    write_file(folder_ / "config.json", "{}");
    write_file(folder_ / "tokenizer_config.json", dump_json(Json{{"chat_template", chat_template}}));
    return "guard:" + folder_.string();
  }
  std::unique_ptr<TextScorer> make(const std::string& spec) {
    return make_scorer(spec, {.models = &models_});
  }
  std::string complaint_of(const std::string& spec) {
    try {
      make(spec);
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  }
  Models models_;
};

TEST_F(Guards, TheVerdictIsTheShareOfUnsafe) {
  models_.scripted = {
      {"Check: you fool\nAnswer 'safe' or 'unsafe'.<answer>\n\nunsafe", {std::log(0.3), 2, {}, 0}},
      {"Check: you fool\nAnswer 'safe' or 'unsafe'.<answer>\n\nsafe", {std::log(0.1), 1, {}, 0}}};
  const auto scorer = make(guard(kLlamaGuard));
  const auto results = scorer->score(std::vector<ScoreRequest>{{" ", "en"}, {"you fool", "de"}});
  EXPECT_EQ(std::get<Unscored>(results[0]).text(), "empty text");
  EXPECT_NEAR(std::get<Score>(results[1]).value, 0.75, 1e-12);
  ASSERT_EQ(models_.last->likelihood_requests.size(), 2);
  for (const LogLikelihoodRequest& request : models_.last->likelihood_requests) {
    EXPECT_TRUE(request.is_rendered);
    EXPECT_TRUE(request.context.ends_with("<answer>"));
  }
  EXPECT_THAT(scorer->name(), HasSubstr("#llama_guard"));
}

TEST_F(Guards, AFormatIsNamedOrGivenAsAFile) {
  const auto named = make(guard(kChatMl) + "#polyguard");
  named->score(std::vector<ScoreRequest>{{"text {text}", "en"}});
  EXPECT_THAT(models_.last->likelihood_requests[0].context,
              HasSubstr("<user>Human user:\ntext {text}\n\nAI assistant:\n<assistant>"));
  EXPECT_EQ(models_.last->likelihood_requests[0].continuation, "Harmful request: yes");
  EXPECT_EQ(models_.last->likelihood_requests[1].continuation, "Harmful request: no");

  const std::string format =
      R"({"messages": [{"role": "user", "content": "{text}?"}], "unsafe": "Y", "safe": "N"})";
  write_file(folder_ / "own.json", format);
  const auto own = make(guard(kChatMl) + "#" + (folder_ / "own.json").string());
  write_file(folder_ / "guard.json", format);
  const auto from_folder = make(guard(kLlamaGuard));  // before what the template tells
  EXPECT_EQ(own->hash(), from_folder->hash());
  EXPECT_NE(own->hash(), named->hash());
  from_folder->score(std::vector<ScoreRequest>{{"a", "en"}});
  EXPECT_EQ(models_.last->likelihood_requests[1].continuation, "N");
}

TEST_F(Guards, WhatIsNoFormatIsRefusedBeforeTheModelIsLoaded) {
  EXPECT_THAT(complaint_of("guard"), HasSubstr("expected guard:DIR"));
  EXPECT_THAT(complaint_of(guard(kChatMl)), HasSubstr("give guard:DIR#FORMAT (llama_guard, polyguard)"));
  EXPECT_THAT(complaint_of(guard(kChatMl) + "#polygard"), HasSubstr("neither a format"));
  const std::string nowhere = "guard:" + (folder_ / "nowhere").string();
  EXPECT_THAT(complaint_of(nowhere), HasSubstr("nowhere: no such file or folder; expected guard:DIR"));
  EXPECT_THAT(complaint_of(nowhere + "#polygard"), HasSubstr("\"polygard\" is neither a format"));
  for (const char* format :
       {R"({"messages": [{"role": "user", "content": "?"}], "unsafe": "Y", "safe": "N"})",
        R"({"messages": [{"role": "user", "content": "{text}"}], "unsafe": "Y", "safe": "Y"})",
        R"({"messages": [], "unsafe": "Y"})"}) {
    write_file(folder_ / "guard.json", format);
    EXPECT_THAT(complaint_of(guard(kChatMl)), HasSubstr("guard.json")) << format;
  }
  EXPECT_EQ(models_.last, nullptr);
}

}  // namespace
}  // namespace xlt
