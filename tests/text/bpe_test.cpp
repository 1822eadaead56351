// SPDX-License-Identifier: Apache-2.0
#include "text_testing.h"

namespace xlt {
namespace {

TEST(Bpe, LowestRankIsMergedFirst) {
  // "abc": "b c" has the lower rank, so a + bc, although "a b" stands further left.
  const auto tokenizer = load_json(tokenizer_json({"a", "b", "c", "ab", "bc"}, {"b c", "a b"}));
  EXPECT_EQ(encode(*tokenizer, "abc"), (Ids{0, 4}));
  EXPECT_EQ(encode(*tokenizer, "aba"), (Ids{3, 0}));
}

TEST(Bpe, LeftmostIsMergedFirstAmongEquals) {
  const auto tokenizer = load_json(tokenizer_json({"a", "aa"}, {"a a"}));
  EXPECT_EQ(encode(*tokenizer, "aaaaa"), (Ids{1, 1, 0}));
}

TEST(Bpe, LongWordsAreMergedAsShortOnes) {
  // 2^k letters collapse to one token only if every level is merged fully before the next.
  std::vector<std::string> tokens{"a"}, merges;
  for (int i = 0; i < 12; ++i) {
    merges.push_back(tokens.back() + " " + tokens.back());
    tokens.push_back(tokens.back() + tokens.back());
  }
  const auto tokenizer = load_json(tokenizer_json(tokens, merges));
  EXPECT_EQ(encode(*tokenizer, std::string(32, 'a')), (Ids{5}));
  EXPECT_EQ(encode(*tokenizer, std::string(4096, 'a')), (Ids{12}));
  EXPECT_EQ(encode(*tokenizer, std::string(4096 + 5, 'a')), (Ids{12, 2, 0}));
  EXPECT_EQ(encode(*tokenizer, std::string(200000, 'a')).size(), 52u);  // 48 · 4096 + 2048 + 1024 + 256 + 64
}

TEST(Bpe, MergesMayBePairsAndStandBeforeTheVocabulary) {
  TemporaryFolder folder;
  folder.write("tokenizer.json", std::string_view(R"({"model": {"merges": [["a", " b"], ["c", "c"]],
      "vocab": {"a": 0, " ": 1, "b": 2, "c": 3, " b": 4, "a b": 5, "cc": 6}, "type": "BPE"}})"));
  const auto tokenizer = load_tokenizer(folder.path());
  EXPECT_EQ(encode(*tokenizer, "ccb"), (Ids{6, 2}));
  EXPECT_EQ(tokenizer->vocab_size(), 7);
}

TEST(Bpe, IgnoreMergesTakesWholeWordsFromTheVocabulary) {
  Json json = tokenizer_json({"a", "b", "ab", "abab"}, {"a b"});
  EXPECT_EQ(encode(*load_json(json), "abab"), (Ids{2, 2}));
  json["model"]["ignore_merges"] = true;
  EXPECT_EQ(encode(*load_json(json), "abab"), (Ids{3}));
}

TEST(Bpe, UnknownCharactersBecomeBytes) {
  std::vector<std::string> tokens{"<unk>", "a"};
  for (const char* byte : {"<0xC3>", "<0xA9>", "<0x0A>"}) tokens.emplace_back(byte);
  Json json = tokenizer_json(tokens, {});
  json["model"]["unk_token"] = "<unk>";
  json["model"]["byte_fallback"] = true;
  json["decoder"] = {{"type", "ByteFallback"}};
  const auto tokenizer = load_json(json);
  EXPECT_EQ(encode(*tokenizer, "aé\n"), (Ids{1, 2, 3, 4}));
  EXPECT_EQ(encode(*tokenizer, "è"), (Ids{0}));  // the byte A8 has no token
  EXPECT_EQ(tokenizer->decode(Ids{1, 2, 3, 4}), "aé\n");
  EXPECT_EQ(tokenizer->decode(Ids{2, 1}), "\uFFFDa");
}

TEST(Bpe, UnknownTokensAreFusedOnRequest) {
  Json json = tokenizer_json({"?", "a"}, {});
  EXPECT_EQ(encode(*load_json(json), "axya"), (Ids{1, 1}));
  json["model"]["unk_token"] = "?";
  EXPECT_EQ(encode(*load_json(json), "axya"), (Ids{1, 0, 0, 1}));
  json["model"]["fuse_unk"] = true;
  EXPECT_EQ(encode(*load_json(json), "axyax"), (Ids{1, 0, 1, 0}));
}

TEST(Bpe, EmptyTextHasNoTokens) {
  const auto tokenizer = load_json(tokenizer_json({"a"}, {}));
  EXPECT_EQ(encode(*tokenizer, ""), Ids{});
  EXPECT_EQ(tokenizer->decode(Ids{}), "");
  EXPECT_EQ(tokenizer->decode(Ids{7, -1}), "");  // no such tokens
}

}  // namespace
}  // namespace xlt
