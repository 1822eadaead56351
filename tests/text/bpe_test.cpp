// SPDX-License-Identifier: Apache-2.0
#include "text_testing.h"

#include <algorithm>
#include <random>

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

// By definition: the lowest rank of all neighbours, the leftmost among equals, until nothing merges.
std::vector<std::string> merge_by_definition(std::vector<std::string> symbols,
                                             const std::vector<std::pair<std::string, std::string>>& merges) {
  while (true) {
    size_t best = merges.size(), at = 0;
    for (size_t i = 0; i + 1 < symbols.size(); ++i)
      for (size_t rank = 0; rank < best; ++rank)
        if (merges[rank].first == symbols[i] && merges[rank].second == symbols[i + 1]) best = rank, at = i;
    if (best == merges.size()) return symbols;
    symbols[at] += symbols[at + 1];
    symbols.erase(symbols.begin() + static_cast<int64_t>(at) + 1);
  }
}

TEST(Bpe, PartsOfALongWordAreMergedAsTheWholeWouldBe) {
  std::mt19937 random(7);
  const std::vector<std::string> letters{"a", "b", "c", "é", "▁", "語"};
  for (int round = 0; round < 20; ++round) {
    std::vector<std::string> tokens = letters, lines;
    std::vector<std::pair<std::string, std::string>> merges;
    for (int i = 0; i < 12; ++i) {
      const std::string left = tokens[random() % tokens.size()], right = tokens[random() % tokens.size()];
      if (std::count(tokens.begin(), tokens.end(), left + right) > 0) continue;
      tokens.push_back(left + right);
      merges.emplace_back(left, right);
      lines.push_back(left + " " + right);
    }
    std::vector<std::string> symbols;
    std::string text;
    for (int i = 0; i < 300; ++i) {
      symbols.push_back(letters[random() % letters.size()]);
      text += symbols.back();
    }
    Ids expected;
    for (const std::string& token : merge_by_definition(symbols, merges))
      expected.push_back(std::find(tokens.begin(), tokens.end(), token) - tokens.begin());
    EXPECT_EQ(encode(*load_json(tokenizer_json(tokens, lines)), text), expected) << "round " << round;
  }
}

TEST(Bpe, LongWordsAreNotCutWhereUnknownCharactersAreFused) {
  Json json = tokenizer_json({"?", "a"}, {});
  json["model"]["unk_token"] = "?";
  json["model"]["fuse_unk"] = true;
  const std::string unknown(60, 'x');
  EXPECT_EQ(encode(*load_json(json), unknown), (Ids{0}));
  EXPECT_EQ(encode(*load_json(json), unknown + "aa" + unknown), (Ids{0, 1, 1, 0}));
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
