// SPDX-License-Identifier: Apache-2.0
#include "text_testing.h"

namespace xlt {
namespace {

std::unique_ptr<Tokenizer> with_added(const std::vector<Json>& added) {
  Json json = tokenizer_json({" ", "a", "b", "x", "A"}, {});
  json["added_tokens"] = added;
  return load_json(json);
}

TEST(AddedTokens, AreFoundInTheText) {
  const auto tokenizer = with_added({added_token(5, "<s>")});
  EXPECT_EQ(encode(*tokenizer, "a<s>b<s><s>"), (Ids{1, 5, 2, 5, 5}));
  EXPECT_EQ(tokenizer->vocab_size(), 6);
  EXPECT_EQ(tokenizer->token_to_id("<s>"), 5);
  EXPECT_EQ(tokenizer->token_to_id("b"), 2);
  EXPECT_EQ(tokenizer->token_to_id("c"), std::nullopt);
}

TEST(AddedTokens, LongestWinsAtTheLeftmostPlace) {
  const auto tokenizer = with_added({added_token(5, "ab"), added_token(6, "abx"), added_token(7, "bxx")});
  EXPECT_EQ(encode(*tokenizer, "abxx"), (Ids{6, 3}));
  EXPECT_EQ(encode(*tokenizer, "abab"), (Ids{5, 5}));
}

TEST(AddedTokens, StripTakesWhiteSpaceAlong) {
  const auto left = with_added({added_token(5, "<l>", {{"lstrip", true}})});
  EXPECT_EQ(encode(*left, "a \u3000<l> b"), (Ids{1, 5, 0, 2}));
  const auto right = with_added({added_token(5, "<r>", {{"rstrip", true}})});
  EXPECT_EQ(encode(*right, "a <r> \t\nb"), (Ids{1, 0, 5, 2}));
}

TEST(AddedTokens, SingleWordNeedsNoWordCharacterBeside) {
  const auto tokenizer = with_added({added_token(5, "ab", {{"single_word", true}})});
  EXPECT_EQ(encode(*tokenizer, "ab ab"), (Ids{5, 0, 5}));
  EXPECT_EQ(encode(*tokenizer, "xab"), (Ids{3, 1, 2}));
  EXPECT_EQ(encode(*tokenizer, "abx"), (Ids{1, 2, 3}));
  EXPECT_EQ(encode(*tokenizer, "abé"), (Ids{1, 2}));  // é has no token here
  EXPECT_EQ(encode(*tokenizer, "ab!"), (Ids{5}));
}

TEST(AddedTokens, NormalizedOnesAreFoundInTheNormalisedText) {
  Json json = tokenizer_json({"a", "b", "x"}, {});
  json["normalizer"] = {{"type", "Lowercase"}};
  json["added_tokens"] = {added_token(3, "AB", {{"normalized", true}}), added_token(4, "XX")};
  const auto tokenizer = load_json(json);
  EXPECT_EQ(encode(*tokenizer, "ab"), (Ids{3}));
  EXPECT_EQ(encode(*tokenizer, "aB"), (Ids{3}));
  EXPECT_EQ(encode(*tokenizer, "XX"), (Ids{4}));
  EXPECT_EQ(encode(*tokenizer, "xx"), (Ids{2, 2}));
}

TEST(AddedTokens, SpecialOnesAreNotDecoded) {
  const auto tokenizer = with_added({added_token(5, "<s>", {{"special", true}}), added_token(6, "<x>")});
  EXPECT_EQ(tokenizer->decode(Ids{5, 1, 6, 5, 2}), "a<x>b");
  EXPECT_EQ(tokenizer->decode_each(Ids{5, 1, 6}), (std::vector<std::string>{"", "a", "<x>"}));
}

TEST(AddedTokens, NamedTokensAreSpecialWhateverTheFileSays) {
  TemporaryFolder folder;
  Json json = tokenizer_json({"a", "b", "<pad>"}, {});
  json["added_tokens"] = {added_token(3, "<s>")};
  folder.write("tokenizer.json", json);
  folder.write("tokenizer_config.json", Json{{"bos_token", "<s>"},
                                             {"pad_token", "<pad>"},
                                             {"eos_token", {{"content", "</s>"}}},
                                             {"additional_special_tokens", {"<x>"}}});
  const auto tokenizer = load_tokenizer(folder.path());
  // </s> and <x> are in no vocabulary: they get the next free ids.
  EXPECT_EQ(encode(*tokenizer, "<s>a<pad></s><x>"), (Ids{3, 0, 2, 4, 5}));
  EXPECT_EQ(tokenizer->decode(Ids{3, 0, 2, 4, 5, 1}), "ab");
  EXPECT_EQ(tokenizer->bos_id(), 3);
  EXPECT_EQ(tokenizer->eos_id(), 4);
}

}  // namespace
}  // namespace xlt
