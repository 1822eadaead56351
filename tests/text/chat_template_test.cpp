// SPDX-License-Identifier: Apache-2.0
// Chat templates by themselves; tests/parity/chat_parity.py holds them against transformers.
#include "xlt/text/chat_template.h"

#include "gguf_writer.h"
#include "text_testing.h"

#include "xlt/text/chat_format.h"

namespace xlt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Json kTurns =
    Json::parse(R"([{"role": "user", "content": " Hi "}, {"role": "assistant", "content": "Yo"},
    {"role": "user", "content": "Bye"}])");

Json with_system(const Json& turns) {
  Json messages = Json::array({{{"role", "system"}, {"content", "Be kind."}}});
  messages.insert(messages.end(), turns.begin(), turns.end());
  return messages;
}

std::string render(const std::string& source, const Json& messages, bool add_generation_prompt = false) {
  return ChatTemplate(source, "test.jinja", {{"bos_token", "<s>"}, {"eos_token", "</s>"}})
      .render(messages, add_generation_prompt, "rows.jsonl:3");
}

std::string format(const char* name, const Json& messages, bool add_generation_prompt = true) {
  TemporaryFolder folder;
  folder.write("tokenizer_config.json", Json{{"bos_token", {{"content", "<s>"}}}, {"eos_token", "</s>"}});
  return load_chat_template(folder.path(), name)->render(messages, add_generation_prompt, "");
}

template <typename Do>
std::string error_of(ErrorKind kind, const Do& act) {
  try {
    act();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error was thrown";
  return "";
}

TEST(ChatTemplate, FormatsWriteWhatTheirModelsWereTrainedOn) {
  EXPECT_EQ(format("chatml", kTurns),
            "<|im_start|>user\n Hi <|im_end|>\n<|im_start|>assistant\nYo<|im_end|>\n"
            "<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(format("command-r", kTurns),
            "<s><|START_OF_TURN_TOKEN|><|USER_TOKEN|> Hi <|END_OF_TURN_TOKEN|>"
            "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>Yo<|END_OF_TURN_TOKEN|>"
            "<|START_OF_TURN_TOKEN|><|USER_TOKEN|>Bye<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|CHATBOT_"
            "TOKEN|>");
  EXPECT_EQ(format("gemma", with_system(kTurns)),
            "<s><start_of_turn>user\nBe kind.\n\nHi<end_of_turn>\n<start_of_turn>model\nYo<end_of_turn>\n"
            "<start_of_turn>user\nBye<end_of_turn>\n<start_of_turn>model\n");
  EXPECT_EQ(format("llama-2", with_system(kTurns)),
            "<s>[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\n Hi [/INST] Yo </s><s>[INST] Bye [/INST]");
  EXPECT_EQ(format("llama-3", kTurns),
            "<s><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\nYo<|eot_id|>"
            "<|start_header_id|>user<|end_header_id|>\n\nBye<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n");
  EXPECT_EQ(format("mistral", with_system(kTurns)),
            "<s>[INST]  Hi [/INST] Yo</s>[INST] Be kind.\n\nBye[/INST]");
  EXPECT_EQ(format("phi-3", kTurns),
            "<|user|>\n Hi <|end|>\n<|assistant|>\nYo<|end|>\n<|user|>\nBye<|end|>\n<|assistant|>\n");
  EXPECT_EQ(format("zephyr", kTurns),
            "<|user|>\n Hi </s>\n<|assistant|>\nYo</s>\n<|user|>\nBye</s>\n<|assistant|>\n");
}

TEST(ChatTemplate, EveryFormatIsKnownByItsTemplate) {
  TemporaryFolder folder;
  for (const std::string& name : chat_format_names()) {
    EXPECT_EQ(chat_format_of(load_chat_template(folder.path(), name)->source()), name);
    EXPECT_FALSE(describe_chat_format(name).empty());
  }
  EXPECT_EQ(chat_format_of("{{ messages }}"), "");
}

TEST(ChatTemplate, ARefusalNamesTheRowAndTheReason) {
  const Json wrong = Json::parse(R"([{"role": "assistant", "content": "a"}])");
  for (const char* name : {"gemma", "llama-2", "mistral"})
    EXPECT_THAT(error_of(ErrorKind::kData, [&] { format(name, wrong); }),
                HasSubstr("the chat template refuses this conversation: roles must alternate"));
  EXPECT_EQ(error_of(ErrorKind::kData, [&] { render("{{ raise_exception('no ' + 'way') }}", wrong); }),
            "rows.jsonl:3: the chat template refuses this conversation: no way");
}

TEST(ChatTemplate, FormatsRefuseRolesThatTheyLackAndMessagesWithoutAText) {
  Json tool = kTurns, silent = kTurns;
  tool[2]["role"] = "tool";
  silent[1]["content"] = nullptr;  // as a call of a tool has it
  for (const std::string& name : chat_format_names()) {
    EXPECT_THAT(error_of(ErrorKind::kData, [&] { format(name.c_str(), tool); }),
                HasSubstr("message 3: unknown role \"tool\"; this format has system, user and assistant"));
    EXPECT_THAT(error_of(ErrorKind::kData, [&] { format(name.c_str(), silent); }),
                HasSubstr("message 2 has no \"content\""));
  }
}

TEST(ChatTemplate, FormatsNameTheTokenThatTheirModelsHave) {
  TemporaryFolder folder;
  const auto token = [&](const std::string& choice) {
    return token_of_format(*load_chat_template(folder.path(), choice));
  };
  EXPECT_EQ(token("chatml"), "<|im_start|>");
  EXPECT_EQ(token("llama-2"), "");
  folder.write("own.jinja", std::string_view("<|im_start|>"));
  EXPECT_EQ(token((folder.path() / "own.jinja").string()), "");
}

TEST(ChatTemplate, WhatIsNoConversationNamesTheMessage) {
  const auto complaint = [](const char* messages) {
    return error_of(ErrorKind::kData, [&] { render("x", Json::parse(messages)); });
  };
  EXPECT_THAT(complaint("\"hi\""), HasSubstr("rows.jsonl:3: messages"));
  EXPECT_THAT(complaint("[]"), HasSubstr("there is no message"));
  EXPECT_THAT(complaint(R"([{"role": "user", "content": "a"}, "b"])"), HasSubstr("messages[1]"));
  EXPECT_THAT(complaint(R"([{"content": "a"}])"), HasSubstr("role"));
  EXPECT_THAT(complaint(R"([{"role": "user", "content": [{"type": "text"}]}])"),
              HasSubstr("messages[0].content"));
}

TEST(ChatTemplate, MessagesAreHandedOverAsTransformersDoes) {
  const Json messages = Json::parse(R"([{"role": "user", "content": "a", "name": "Ada", "tool_calls": null},
      {"role": "assistant", "content": "b", "reasoning": "why"}])");
  EXPECT_EQ(
      render(
          "{% for m in messages %}{{ m.name or '-' }}{{ m.tool_calls is defined }}{{ m.reasoning_content }}"
          "{{ m.thinking }},{% endfor %}{{ tools is none }}{{ unk_token is defined }}",
          messages),
      "AdaFalse,-Falsewhywhy,TrueFalse");
}

TEST(ChatTemplate, TrimKnowsPythonsWhiteSpace) {
  const Json messages =
      Json::parse("[{\"role\": \"user\", \"content\": \"\\u3000\\u00a0 x\\u200b\\u2003\\u0085\"}]");
  EXPECT_EQ(render("{{ messages[0].content | trim }}", messages), "x\u200b");
  EXPECT_EQ(render("{{ messages[0].content.lstrip() }}", messages), "x\u200b\u2003\u0085");
  EXPECT_EQ(render("{{ messages[0].content.strip('\u3000') }}", messages), "\u00a0 x\u200b\u2003\u0085");
  EXPECT_EQ(render("{{ ' \u3000 '.strip() }}|", messages), "|");
}

TEST(ChatTemplate, WhatIsNoJinjaIsRefused) {
  const auto complaint = [](const std::string& source) {
    return error_of(ErrorKind::kCheckpoint, [&] { render(source, kTurns); });
  };
  EXPECT_THAT(complaint("{% if %}"), HasSubstr("test.jinja: the chat template cannot be read as Jinja: "));
  EXPECT_THAT(complaint("{% for x in y %}"),
              HasSubstr("test.jinja: the chat template cannot be read as Jinja: "));
  EXPECT_THAT(complaint("\xFF"), HasSubstr("not UTF-8"));
  std::string brackets(200000, '('), blocks, chain = "{{ 1", branches = "{% if a %}";
  for (int i = 0; i < 50000; ++i) blocks += "{% if a %}", chain += " + 1", branches += "{% elif a %}";
  EXPECT_THAT(complaint("{{ " + brackets), HasSubstr("nested more than"));
  EXPECT_THAT(complaint(blocks), HasSubstr("nested more than"));
  EXPECT_THAT(complaint(branches), HasSubstr("nested more than"));
  EXPECT_THAT(complaint(chain + " }}"), HasSubstr("parts"));
}

TEST(ChatTemplateDeathTest, WithoutEndIsNoCrash) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto ends_with_exit_3 = [](const std::string& source) {
    EXPECT_EXIT(render(source, kTurns), testing::ExitedWithCode(3), "rows.jsonl:3: .*--chat-template");
  };
  ends_with_exit_3("{% macro again(n) %}{{ again(n + 1) }}{% endmacro %}{{ again(0) }}");
  ends_with_exit_3("{% set n = namespace() %}{% set n.self = n %}{{ n | tojson }}");
}

TEST(ChatTemplate, AMistakeInATemplateIsNoCrash) {
  EXPECT_THAT(error_of(ErrorKind::kData, [] { render("{{ messages + 1 }}", kTurns); }),
              HasSubstr("rows.jsonl:3: the chat template (test.jinja) fails on this conversation: "));
}

TEST(LoadChatTemplate, FilesInTheOrderOfTransformers) {
  TemporaryFolder folder;
  const auto rendered = [&](const std::string& choice) {
    return load_chat_template(folder.path(), choice)->render(kTurns, false, "");
  };
  EXPECT_EQ(describe_chat_template(folder.path()), "none");
  EXPECT_THAT(
      error_of(ErrorKind::kCheckpoint, [&] { rendered("auto"); }),
      AllOf(HasSubstr("no chat template of its own"), HasSubstr("--chat-template"), HasSubstr("chatml")));
  folder.write("processor_config.json", Json{{"chat_template", "processor"}});
  EXPECT_EQ(rendered("auto"), "processor");
  folder.write("tokenizer_config.json", Json{{"chat_template", "config <|im_start|>"}});
  EXPECT_EQ(rendered("auto"), "config <|im_start|>");
  EXPECT_EQ(describe_chat_template(folder.path()), "chatml (tokenizer_config.json)");
  folder.write(
      "tokenizer_config.json",
      Json{{"chat_template",
            {{{"name", "rag"}, {"template", "of rag"}}, {{"name", "tool_use"}, {"template", "of tools"}}}}});
  EXPECT_EQ(rendered("rag"), "of rag");
  EXPECT_THAT(error_of(ErrorKind::kCheckpoint, [&] { rendered("auto"); }), HasSubstr("rag, tool_use"));
  folder.write("chat_template.jinja", std::string_view("text"));
  EXPECT_EQ(rendered("auto"), "text");
  EXPECT_EQ(describe_chat_template(folder.path()), "of its own kind (chat_template.jinja)");
}

TEST(LoadChatTemplate, OfAGgufFile) {
  TemporaryFolder folder;
  GgufWriter gguf;
  gguf.put_text("tokenizer.chat_template",
                "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}<|im_start|>")
      .put_text("tokenizer.chat_template.rag", "of rag{{ pad_token }}")
      .put_texts("tokenizer.chat_templates", {"rag"})
      .put_texts("tokenizer.ggml.tokens", {"<s>", "</s>"})
      .put_integer("tokenizer.ggml.bos_token_id", 0)
      .put_integer("tokenizer.ggml.eos_token_id", 1);
  folder.write("x.gguf", std::string_view(gguf.bytes()));
  const auto rendered = [&](const std::string& choice) {
    return load_chat_template(folder.path() / "x.gguf", choice)->render(kTurns, false, "");
  };
  EXPECT_EQ(rendered("auto"), "<s>" + kTurns[0]["content"].get<std::string>() + "</s><|im_start|>");
  EXPECT_EQ(rendered("rag"), "of rag");
  EXPECT_EQ(rendered("auto"), rendered("default"));
  EXPECT_EQ(describe_chat_template(folder.path() / "x.gguf"),
            "default: chatml (x.gguf), rag: of its own kind (x.gguf)");
  gguf.put_integer("tokenizer.ggml.padding_token_id", 2);
  folder.write("x.gguf", std::string_view(gguf.bytes()));
  EXPECT_THAT(error_of(ErrorKind::kCheckpoint, [&] { rendered("rag"); }),
              HasSubstr("out of range for 2 tokens"));
}

TEST(LoadChatTemplate, NamesAndFiles) {
  TemporaryFolder folder;
  folder.write("own.jinja", std::string_view("mine"));
  EXPECT_EQ(
      load_chat_template(folder.path(), (folder.path() / "own.jinja").string())->render(kTurns, false, ""),
      "mine");
  EXPECT_EQ(load_chat_template(folder.path(), "none"), nullptr);
  EXPECT_THAT(error_of(ErrorKind::kUsage, [&] { load_chat_template(folder.path(), "chatlm"); }),
              HasSubstr("unknown chat template \"chatlm\"; did you mean \"chatml\"?"));
}

}  // namespace
}  // namespace xlt
