// SPDX-License-Identifier: Apache-2.0
// Folders as checkpoints carry them: templates, BOS and EOS, and files that are wrong.
#include "text_testing.h"

namespace xlt {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

Json with_template() {
  Json json = tokenizer_json({"<s>", "</s>", "a", "b"}, {});
  json["added_tokens"] = {added_token(0, "<s>", {{"special", true}}),
                          added_token(1, "</s>", {{"special", true}})};
  json["post_processor"] = Json::parse(R"({"type": "Sequence", "processors": [{"type": "ByteLevel"},
      {"type": "TemplateProcessing",
       "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                  {"SpecialToken": {"id": "</s>", "type_id": 0}}],
       "special_tokens": {"<s>": {"id": "<s>", "ids": [0]}, "</s>": {"id": "</s>", "ids": [1]}}}]})");
  return json;
}

TEST(LoadTokenizer, TemplateAddsTokensBeforeAndAfter) {
  const auto tokenizer = load_json(with_template());
  EXPECT_EQ(tokenizer->encode("ab", SpecialTokens::kAdd), (Ids{0, 2, 3, 1}));
  EXPECT_EQ(tokenizer->encode("ab", SpecialTokens::kNone), (Ids{2, 3}));
  EXPECT_EQ(tokenizer->prefix_ids(), (Ids{0}));
  EXPECT_EQ(tokenizer->suffix_ids(), (Ids{1}));
}

TEST(LoadTokenizer, StopsWhenAsked) {
  const std::atomic<bool> interrupted{true};
  Context context;
  context.interrupted_flag = &interrupted;
  TemporaryFolder folder;
  folder.write("tokenizer.json", with_template());
  try {
    load_tokenizer(folder.path(), context);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInterrupted);
  }
}

TEST(LoadTokenizer, TemplateWinsOverAddBosToken) {
  TemporaryFolder folder;
  folder.write("tokenizer.json", with_template());
  folder.write("tokenizer_config.json", Json{{"add_bos_token", false}, {"add_eos_token", false}});
  EXPECT_EQ(load_tokenizer(folder.path())->encode("a", SpecialTokens::kAdd), (Ids{0, 2, 1}));
}

TEST(LoadTokenizer, BosAndEosFromTheFirstFileThatNamesThem) {
  TemporaryFolder folder;
  folder.write("tokenizer.json", with_template());
  EXPECT_EQ(load_tokenizer(folder.path())->bos_id(), std::nullopt);
  folder.write("config.json", Json{{"bos_token_id", 2}, {"eos_token_id", {3, 1}}});
  EXPECT_EQ(load_tokenizer(folder.path())->bos_id(), 2);
  EXPECT_EQ(load_tokenizer(folder.path())->eos_id(), 3);
  folder.write("special_tokens_map.json", Json{{"bos_token", {{"content", "<s>"}}}, {"eos_token", "</s>"}});
  EXPECT_EQ(load_tokenizer(folder.path())->bos_id(), 0);
  EXPECT_EQ(load_tokenizer(folder.path())->eos_id(), 1);
  std::filesystem::remove(folder.path() / "special_tokens_map.json");
  folder.write("tokenizer_config.json", Json{{"bos_token", "<s>"}, {"eos_token", nullptr}});
  EXPECT_EQ(load_tokenizer(folder.path())->bos_id(), 0);
  EXPECT_EQ(load_tokenizer(folder.path())->eos_id(), 3);
}

TEST(LoadTokenizer, NamesItsFiles) {
  TemporaryFolder folder;
  folder.write("tokenizer.json", with_template());
  folder.write("tokenizer_config.json", Json::object());
  folder.write("config.json", Json::object());  // belongs to the model
  const auto tokenizer = load_tokenizer(folder.path());
  EXPECT_THAT(tokenizer->files(), ::testing::UnorderedElementsAre(folder.path() / "tokenizer.json",
                                                                  folder.path() / "tokenizer_config.json"));
}

TEST(LoadTokenizer, LlamaTokenizerPutsASpaceBeforeTheText) {
  TemporaryFolder folder;
  folder.write("tokenizer.json", tokenizer_json({"<unk>", "▁", "a", "▁a"}, {"▁ a"}));
  EXPECT_EQ(encode(*load_tokenizer(folder.path()), "a"), (Ids{2}));
  folder.write("tokenizer_config.json", Json{{"tokenizer_class", "LlamaTokenizerFast"}});
  EXPECT_EQ(encode(*load_tokenizer(folder.path()), "a"), (Ids{3}));
  EXPECT_EQ(encode(*load_tokenizer(folder.path()), " a"), (Ids{3}));
  EXPECT_EQ(load_tokenizer(folder.path())->decode(Ids{3, 3}), "a a");
  folder.write("tokenizer_config.json",
               Json{{"tokenizer_class", "LlamaTokenizer"}, {"add_prefix_space", false}});
  EXPECT_EQ(encode(*load_tokenizer(folder.path()), "a"), (Ids{2}));
  // Mistral's files name the class too, but stand for themselves.
  folder.write("tokenizer_config.json", Json{{"tokenizer_class", "LlamaTokenizer"}});
  folder.write("config.json", Json{{"model_type", "mistral"}});
  EXPECT_EQ(encode(*load_tokenizer(folder.path()), "a"), (Ids{2}));
}

TEST(MalformedTokenizer, MissingFiles) {
  TemporaryFolder folder;
  EXPECT_THAT(complaint_of(folder),
              HasSubstr("none of tokenizer.json, tekken.json, tokenizer.model is there"));
}

TEST(MalformedTokenizer, TruncatedAnywhere) {
  TemporaryFolder folder;
  const std::string whole = dump_json(with_template());
  for (size_t size = 0; size < whole.size(); size += 7) {
    folder.write("tokenizer.json", whole.substr(0, size));
    EXPECT_THAT(complaint_of(folder), StartsWith("/tokenizer.json: malformed JSON at byte ")) << size;
  }
}

TEST(MalformedTokenizer, UnknownModelTypesAreNamed) {
  TemporaryFolder folder;
  Json json = tokenizer_json({"a"}, {});
  json["model"]["type"] = "WordLevel";
  folder.write("tokenizer.json", json);
  EXPECT_EQ(complaint_of(folder),
            "/tokenizer.json: model.type: tokenizer model \"WordLevel\" is not supported; supported: BPE, "
            "Unigram, WordPiece");
}

TEST(MalformedTokenizer, MergesMustBeOfKnownTokens) {
  TemporaryFolder folder;
  folder.write("tokenizer.json", tokenizer_json({"a", "b", "ab"}, {"a b", "a c"}));
  EXPECT_EQ(complaint_of(folder), "/tokenizer.json: model.merges[1]: \"c\" is not in the vocabulary");
  folder.write("tokenizer.json", tokenizer_json({"a", "b", "ab"}, {"b a"}));
  EXPECT_EQ(complaint_of(folder), "/tokenizer.json: model.merges[0]: \"ba\" is not in the vocabulary");
  folder.write("tokenizer.json", tokenizer_json({"a", "b", "ab"}, {"a b", "ab"}));
  EXPECT_EQ(complaint_of(folder),
            "/tokenizer.json: model.merges[1]: \"ab\" is not two tokens with a space between");
  for (const char* merges :
       {R"([["a"]])", R"([["a", "b", "a"]])", "[3]", R"([["a", 3]])", R"([{"a": "b"}])"}) {
    folder.write("tokenizer.json", std::string_view(str_cat(
                                       R"({"model": {"vocab": {"a": 0, "b": 1}, "merges": )", merges, "}}")));
    EXPECT_THAT(complaint_of(folder), StartsWith("/tokenizer.json: model.merges[0]: ")) << merges;
  }
}

TEST(MalformedTokenizer, IdsMustBeInRange) {
  TemporaryFolder folder;
  for (const char* id :
       {"-1", "4294967296", "18446744073709551615", "1000000", "1.5", "\"x\"", "null", "[]", "{}"}) {
    folder.write("tokenizer.json", std::string_view(str_cat(R"({"model": {"vocab": {"a": 0, "b": )", id,
                                                            R"(}, "merges": []}})")));
    EXPECT_THAT(complaint_of(folder), StartsWith("/tokenizer.json: model.vocab[\"b\"]: ")) << id;
  }
  Json json = tokenizer_json({"a"}, {});
  json["added_tokens"] = {added_token(1, "<s>"), added_token(4000000000, "</s>")};
  folder.write("tokenizer.json", json);
  EXPECT_THAT(complaint_of(folder),
              StartsWith("/tokenizer.json: added_tokens[1].id: the id 4000000000 is out of"));
}

TEST(MalformedTokenizer, MissingPartsAreNamed) {
  TemporaryFolder folder;
  folder.write("tokenizer.json", std::string_view("{}"));
  EXPECT_THAT(complaint_of(folder), AllOf(StartsWith("/tokenizer.json"), HasSubstr("model")));
  folder.write("tokenizer.json", std::string_view("[]"));
  EXPECT_EQ(complaint_of(folder), "/tokenizer.json: expected an object");
  folder.write("tokenizer.json", std::string_view(R"({"model": {"type": "BPE", "merges": []}})"));
  EXPECT_EQ(complaint_of(folder), "/tokenizer.json: model.vocab: the vocabulary is absent or empty");
  Json json = tokenizer_json({"a"}, {});
  json["model"]["unk_token"] = "<unk>";
  folder.write("tokenizer.json", json);
  EXPECT_EQ(complaint_of(folder), "/tokenizer.json: model.unk_token: \"<unk>\" is not in the vocabulary");
}

TEST(MalformedTokenizer, FilesBesideItAreNamedToo) {
  TemporaryFolder folder;
  folder.write("tokenizer.json", with_template());
  folder.write("tokenizer_config.json", std::string_view(R"({"bos_token": "<s>",)"));
  EXPECT_THAT(complaint_of(folder), StartsWith("/tokenizer_config.json"));
  folder.write("tokenizer_config.json",
               std::string_view(R"({"added_tokens_decoder": {"x": {"content": "y"}}})"));
  EXPECT_EQ(complaint_of(folder), "/tokenizer_config.json: added_tokens_decoder.x: the key is not an id");
}

}  // namespace
}  // namespace xlt
