// SPDX-License-Identifier: Apache-2.0
// Tokenizers inside GGUF files: both kinds, the file's own flags, and the folder written from one.
#include "xlt/text/gguf_tokenizer.h"

#include "gguf_writer.h"
#include "text_testing.h"

#include <limits>

#include "xlt/text/padding.h"

namespace xlt {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int kNormal = 1, kUnknown = 2, kControl = 3, kUser = 4;

// SentencePiece-like: "ab" by way of "ab" (score −1), "▁ab" (−2) or "▁a" (−3).
GgufWriter sentence_pieces(const std::string& architecture = "llama") {
  GgufWriter gguf;
  gguf.put_text("general.architecture", architecture)
      .put_text("tokenizer.ggml.model", "llama")
      .put_text("tokenizer.ggml.pre", "default")
      .put_texts("tokenizer.ggml.tokens",
                 {"<unk>", "<s>", "</s>", "a", "b", "▁", "▁a", "ab", "▁ab", "<tag>", "<0xC3>", "<0xA9>"})
      .put_numbers("tokenizer.ggml.scores", {0, 0, 0, -10, -11, -12, -3, -1, -2, 0, 0, 0})
      .put_integers("tokenizer.ggml.token_type", {kUnknown, kControl, kControl, kNormal, kNormal, kNormal,
                                                  kNormal, kNormal, kNormal, kUser, 6, 6})
      .put_integer("tokenizer.ggml.bos_token_id", 1)
      .put_integer("tokenizer.ggml.eos_token_id", 2)
      .put_integer("tokenizer.ggml.unknown_token_id", 0);
  return gguf;
}

// Byte-level: "Ġ" is a space.
GgufWriter byte_level(const std::string& pre) {
  GgufWriter gguf;
  gguf.put_text("general.architecture", "llama")
      .put_text("tokenizer.ggml.model", "gpt2")
      .put_text("tokenizer.ggml.pre", pre)
      .put_texts("tokenizer.ggml.tokens", {"a", "b", "1", "2", "Ġ", "ab", "Ġa", "12", "Ġab", "<|end|>", "Ġ1"})
      .put_texts("tokenizer.ggml.merges", {"a b", "Ġ a", "Ġ 1", "1 2"})
      .put_integers("tokenizer.ggml.token_type", {1, 1, 1, 1, 1, 1, 1, 1, 1, kControl, 1})
      .put_integer("tokenizer.ggml.bos_token_id", 9)
      .put_integer("tokenizer.ggml.eos_token_id", 9);
  return gguf;
}

std::filesystem::path put(const TemporaryFolder& folder, const GgufWriter& gguf) {
  folder.write("x.gguf", std::string_view(gguf.bytes()));
  return folder.path() / "x.gguf";
}

std::unique_ptr<Tokenizer> load(const GgufWriter& gguf) {
  TemporaryFolder folder;
  return load_tokenizer(put(folder, gguf));
}

std::string complaint(const GgufWriter& gguf) {
  try {
    load(gguf);
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint) << error.what();
    const std::string text = error.what();
    return text.substr(text.find("x.gguf"));
  }
}

// The same ids from the file and from the folder written from it.
void expect_same_from_folder(const GgufWriter& gguf, const std::vector<std::string>& texts) {
  TemporaryFolder folder;
  const auto file = put(folder, gguf);
  write_gguf_tokenizer(Gguf::open(file), folder.path());
  const auto one = load_tokenizer(file), other = load_tokenizer(folder.path());
  for (const std::string& text : texts)
    for (const auto special : {SpecialTokens::kAdd, SpecialTokens::kNone}) {
      EXPECT_EQ(one->encode(text, special), other->encode(text, special)) << text;
      EXPECT_EQ(one->decode(one->encode(text, special)), other->decode(other->encode(text, special))) << text;
    }
  EXPECT_EQ(one->bos_id(), other->bos_id());
  EXPECT_EQ(one->eos_id(), other->eos_id());
  EXPECT_EQ(one->vocab_size(), other->vocab_size());
  const Padding a = read_padding(file, *one), b = read_padding(folder.path(), *other);
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.is_left, b.is_left);
}

TEST(GgufTokenizer, ScoresBecomeMerges) {
  const auto tokenizer = load(sentence_pieces());
  EXPECT_EQ(encode(*tokenizer, "ab"), (Ids{8}));         // ▁ + ab: "ab" has the highest score, then ▁ab
  EXPECT_EQ(encode(*tokenizer, "a b"), (Ids{6, 5, 4}));  // ▁a ▁ b
  EXPECT_EQ(encode(*tokenizer, "\u00e9"), (Ids{5, 10, 11}));
  EXPECT_EQ(tokenizer->encode("ab", SpecialTokens::kAdd), (Ids{1, 8}));  // BOS without a flag, as llama.cpp
  EXPECT_EQ(encode(*tokenizer, "a<tag>b</s>"), (Ids{6, 9, 4, 2}));
  EXPECT_EQ(tokenizer->decode(Ids{1, 8, 9, 2}), "ab<tag>");
  EXPECT_EQ(tokenizer->bos_id(), 1);
  EXPECT_EQ(tokenizer->eos_id(), 2);
  EXPECT_EQ(tokenizer->vocab_size(), 12);
}

TEST(GgufTokenizer, TheFilesOwnFlagsAreObeyed) {
  auto gguf = sentence_pieces();
  gguf.put_flag("tokenizer.ggml.add_bos_token", false).put_flag("tokenizer.ggml.add_eos_token", true);
  gguf.put_flag("tokenizer.ggml.add_space_prefix", false);
  const auto tokenizer = load(gguf);
  EXPECT_EQ(tokenizer->encode("ab", SpecialTokens::kAdd), (Ids{7, 2}));
  EXPECT_EQ(tokenizer->encode(" ab", SpecialTokens::kAdd), (Ids{8, 2}));
}

TEST(GgufTokenizer, GemmasMergesFollowItsIdsAndItsSpacesAreMarks) {
  GgufWriter gguf;
  gguf.put_text("general.architecture", "gemma3")
      .put_text("tokenizer.ggml.model", "llama")
      .put_texts("tokenizer.ggml.tokens",
                 {"<pad>", "<eos>", "<bos>", "<unk>", "a", "▁", "  ", "▁a", "aa", "   "})
      .put_integers("tokenizer.ggml.token_type", {3, 3, 3, 2, 1, 1, 4, 1, 1, 4})
      .put_integer("tokenizer.ggml.bos_token_id", 2)
      .put_integer("tokenizer.ggml.eos_token_id", 1)
      .put_integer("tokenizer.ggml.unknown_token_id", 3);
  const auto tokenizer = load(gguf);
  EXPECT_EQ(encode(*tokenizer, "aa a"), (Ids{8, 7}));      // no mark before the text
  EXPECT_EQ(encode(*tokenizer, "a   a"), (Ids{4, 6, 7}));  // ▁▁ is older than ▁a, ▁▁▁ younger
  EXPECT_EQ(tokenizer->encode("a", SpecialTokens::kAdd), (Ids{2, 4}));
  EXPECT_EQ(tokenizer->decode(Ids{2, 4, 6, 7}), "a   a");
  expect_same_from_folder(gguf, {"aa a", " a   aa", "x<bos>a", ""});
}

TEST(GgufTokenizer, WordsAreCutAsPreSays) {
  EXPECT_EQ(encode(*load(byte_level("gpt-2")), "ab 12"), (Ids{5, 10, 3}));     // " 12"
  EXPECT_EQ(encode(*load(byte_level("smollm")), "ab 12"), (Ids{5, 4, 2, 3}));  // " ", "1", "2"
  EXPECT_EQ(encode(*load(byte_level("llama-bpe")), "ab 12"), (Ids{5, 4, 7}));  // " ", "12"
  EXPECT_EQ(encode(*load(byte_level("qwen2")), "ab 12"), (Ids{5, 4, 2, 3}));   // " ", "1", "2"
}

TEST(GgufTokenizer, LlamaThreeKeepsWholeTokensAndHasBos) {
  const auto llama3 = load(byte_level("llama-bpe")), gpt2 = load(byte_level("gpt-2"));
  EXPECT_EQ(encode(*llama3, " ab"), (Ids{8}));  // no merge leads to it
  EXPECT_EQ(encode(*gpt2, " ab"), (Ids{4, 5}));
  EXPECT_EQ(llama3->encode("a", SpecialTokens::kAdd), (Ids{9, 0}));
  EXPECT_EQ(gpt2->encode("a", SpecialTokens::kAdd), (Ids{0}));
  EXPECT_EQ(encode(*gpt2, "a<|end|>"), (Ids{0, 9}));
}

TEST(GgufTokenizer, TheFolderWrittenFromItIsTheSame) {
  expect_same_from_folder(sentence_pieces(), {"ab", "a b", " ab", "\u00e9", "a<tag>b</s>", ""});
  for (const char* pre : {"gpt-2", "smollm", "llama-bpe", "qwen2", "tekken", "gpt-4o", "qwen35"})
    expect_same_from_folder(byte_level(pre), {"ab 12", " ab", "a<|end|>b", ""});
  TemporaryFolder folder;
  auto gguf = byte_level("gpt-2");
  gguf.put_text("tokenizer.chat_template", "{{ messages }}");
  write_gguf_tokenizer(Gguf::open(put(folder, gguf)), folder.path());
  EXPECT_EQ(read_file(folder.path() / "chat_template.jinja"), "{{ messages }}");
}

TEST(GgufTokenizer, AnUnknownPreNamesTheKnown) {
  const std::string error = complaint(byte_level("llama-bbe"));
  EXPECT_THAT(
      error,
      StartsWith(
          "x.gguf: tokenizer.ggml.pre: unknown pre-tokenizer \"llama-bbe\"; did you mean \"llama-bpe\"?"));
  EXPECT_THAT(error, HasSubstr("smollm"));
}

TEST(GgufTokenizer, WhatMakesNoSenseIsRefused) {
  GgufWriter bert, none, id, kinds, utf8;
  bert.put_text("tokenizer.ggml.model", "bert").put_texts("tokenizer.ggml.tokens", {"a"});
  EXPECT_THAT(complaint(bert), HasSubstr("unknown tokenizer model \"bert\""));
  none.put_text("tokenizer.ggml.model", "gpt2");
  EXPECT_THAT(complaint(none), HasSubstr("tokenizer.ggml.tokens: this key is missing"));
  auto scores = GgufWriter();
  scores.put_text("tokenizer.ggml.model", "llama").put_texts("tokenizer.ggml.tokens", {"a", "b"});
  scores.put_numbers("tokenizer.ggml.scores", {0});
  EXPECT_THAT(complaint(scores), HasSubstr("1 scores for 2 tokens"));
  auto nan = GgufWriter();
  nan.put_text("tokenizer.ggml.model", "llama").put_texts("tokenizer.ggml.tokens", {"a"});
  nan.put_numbers("tokenizer.ggml.scores", {std::numeric_limits<float>::quiet_NaN()});
  EXPECT_THAT(complaint(nan), HasSubstr("not finite"));
  id.put_text("tokenizer.ggml.model", "gpt2").put_texts("tokenizer.ggml.tokens", {"a"});
  id.put_texts("tokenizer.ggml.merges", {}).put_integer("tokenizer.ggml.bos_token_id", 4000000000);
  EXPECT_THAT(complaint(id), HasSubstr("the id 4000000000 is out of range"));
  kinds.put_text("tokenizer.ggml.model", "gpt2").put_texts("tokenizer.ggml.tokens", {"a"});
  kinds.put_integers("tokenizer.ggml.token_type", {1, 1});
  EXPECT_THAT(complaint(kinds), HasSubstr("2 values for 1 tokens"));
  utf8.put_text("tokenizer.ggml.model", "gpt2").put_texts("tokenizer.ggml.tokens", {"a", "\xff"});
  EXPECT_THAT(complaint(utf8), HasSubstr("token 1 is not UTF-8"));
  for (const char* merge : {"", "a", "a ", " a"}) {
    GgufWriter merges;
    merges.put_text("tokenizer.ggml.model", "gpt2").put_texts("tokenizer.ggml.tokens", {"a"});
    merges.put_texts("tokenizer.ggml.merges", {merge});
    EXPECT_THAT(complaint(merges), HasSubstr("number 0 is not two tokens")) << merge;
  }
}

}  // namespace
}  // namespace xlt
