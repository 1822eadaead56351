// SPDX-License-Identifier: Apache-2.0
#include "text_testing.h"

#include <cstring>

namespace xlt {
namespace {

// A SentencePiece model, serialised by hand (protocol buffers: key, length, bytes).
enum PieceType { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kByte = 6 };
enum ModelType { kUnigram = 1, kBpe = 2 };

std::string field(int number, std::string_view bytes) {
  return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(bytes.size())}.append(bytes);
}
std::string field(int number, int value) {
  return {static_cast<char>(number << 3), static_cast<char>(value)};
}
std::string piece(const std::string& text, float score, PieceType type = kNormal) {
  std::string score_bytes(sizeof score, '\0');
  std::memcpy(score_bytes.data(), &score, sizeof score);
  return field(1, field(1, text) + static_cast<char>(2 << 3 | 5) + score_bytes + field(3, type));
}
std::string model(ModelType type, const std::string& normalizer = "") {
  std::string pieces = piece("<unk>", 0, kUnknown) + piece("<s>", 0, kControl) + piece("</s>", 0, kControl) +
                       piece("<x>", 0, kUserDefined);
  // 4 … 10; the score of a BPE piece is minus its rank.
  int rank = 0;
  for (const char* text : {"▁a", "ab", "▁ab", "▁", "a", "b", "c"})
    pieces += piece(text, static_cast<float>(-rank++));
  return pieces + field(2, field(3, type)) + field(3, normalizer);
}

TEST(SentencePiece, BpeIsEncodedAsSentencePieceDoes) {
  TemporaryFolder folder;
  folder.write("tokenizer.model", std::string_view(model(kBpe)));
  folder.write("tokenizer_config.json", Json{{"tokenizer_class", "LlamaTokenizer"},
                                             {"bos_token", "<s>"},
                                             {"eos_token", "</s>"},
                                             {"add_bos_token", true},
                                             {"add_eos_token", true}});
  const auto tokenizer = load_tokenizer(folder.path());
  EXPECT_EQ(tokenizer->encode("ab", SpecialTokens::kAdd), (Ids{1, 6, 2}));
  EXPECT_EQ(encode(*tokenizer, " ab "), (Ids{6}));              // spaces at either end are dropped
  EXPECT_EQ(encode(*tokenizer, "aab"), (Ids{4, 5}));            // ▁a is of the lowest rank
  EXPECT_EQ(encode(*tokenizer, "c<x>ab"), (Ids{7, 10, 3, 5}));  // the prefix stands at the beginning only
  EXPECT_EQ(encode(*tokenizer, "a</s>"), (Ids{4, 2}));
  EXPECT_EQ(tokenizer->decode(Ids{1, 6, 7, 3, 6, 2}), "ab <x> ab");
  EXPECT_EQ(tokenizer->bos_id(), 1);
  EXPECT_EQ(tokenizer->eos_id(), 2);
  EXPECT_EQ(tokenizer->vocab_size(), 11);
  EXPECT_EQ(tokenizer->prefix_ids(), (Ids{1}));
  EXPECT_EQ(tokenizer->suffix_ids(), (Ids{2}));
}

// Each of 100 runs of "a" is made of two others in 99 ways at most, but they are a few hundred bytes
// together.
TEST(SentencePiece, BosOnlyWhereTheConfigSaysSo) {
  TemporaryFolder folder;
  folder.write("tokenizer.model", std::string_view(model(kBpe)));
  EXPECT_EQ(load_tokenizer(folder.path())->encode("ab", SpecialTokens::kAdd), (Ids{6}));
  folder.write("tokenizer_config.json", Json{{"add_bos_token", true}});
  EXPECT_EQ(load_tokenizer(folder.path())->encode("ab", SpecialTokens::kAdd), (Ids{1, 6}));
}

// Its own normaliser says what becomes of white space, whatever class the configuration names.
TEST(SentencePiece, SpacesAreKeptOnlyWhereTheModelKeepsThem) {
  TemporaryFolder folder;
  folder.write("tokenizer_config.json", Json{{"tokenizer_class", "LlamaTokenizer"}});
  folder.write("tokenizer.model", std::string_view(model(kBpe)));
  EXPECT_EQ(encode(*load_tokenizer(folder.path()), "a   b"), (Ids{4, 7, 9}));
  folder.write("tokenizer.model", std::string_view(model(kBpe, field(4, 0))));
  EXPECT_EQ(encode(*load_tokenizer(folder.path()), "a   b"), (Ids{4, 7, 7, 7, 9}));
}

TEST(SentencePiece, NoSpaceBeforeTheTextWhereTheModelHasNone) {
  TemporaryFolder folder;
  folder.write("tokenizer.model", std::string_view(model(kBpe, field(3, 0))));
  EXPECT_EQ(encode(*load_tokenizer(folder.path()), "ab"), (Ids{5}));
}

TEST(SentencePiece, UnigramModelsTakeTheLikeliestPieces) {
  TemporaryFolder folder;
  folder.write("tokenizer.model", std::string_view(model(kUnigram)));
  folder.write("tokenizer_config.json", Json{{"add_bos_token", true}});
  const auto tokenizer = load_tokenizer(folder.path());
  // Scores: ▁a + b = −5, ▁ + ab = −4, ▁ab = −2.
  EXPECT_EQ(tokenizer->encode("ab", SpecialTokens::kAdd), (Ids{1, 6}));
  EXPECT_EQ(encode(*tokenizer, "b</s>"), (Ids{7, 9, 2}));
  EXPECT_EQ(tokenizer->decode(Ids{1, 6, 4, 2}), "ab a");
}

TEST(SentencePiece, AddedTokensOfEitherFile) {
  TemporaryFolder folder;
  folder.write("tokenizer.model", std::string_view(model(kBpe)));
  folder.write("added_tokens.json", Json{{"<y>", 11}});
  EXPECT_EQ(encode(*load_tokenizer(folder.path()), "<y>a"), (Ids{11, 4}));
  folder.write("tokenizer_config.json", Json{{"added_tokens_decoder", {{"11", added_token(11, "<z>")}}}});
  const auto tokenizer = load_tokenizer(folder.path());
  EXPECT_EQ(encode(*tokenizer, "<z>a"), (Ids{11, 4}));
  EXPECT_EQ(tokenizer->token_to_id("<y>"), std::nullopt);  // the newer field replaces the file
  EXPECT_EQ(tokenizer->vocab_size(), 12);
}

// The library reads what is written twice into one, groups as fields of no known number, and a map for the
// way back; none of them may carry a map past the check.
TEST(SentencePiece, ACharacterMapIsFoundWhereverTheLibraryFindsIt) {
  TemporaryFolder folder;
  const std::string bad_map = field(2, std::string("\xFF\xFF\xFF\xFF", 4));
  for (const std::string& hidden :
       {field(3, bad_map) + field(3, ""), field(3, bad_map + field(2, "")), field(5, bad_map)}) {
    folder.write("tokenizer.model", std::string_view(model(kUnigram) + hidden));
    EXPECT_THAT(complaint_of(folder), ::testing::HasSubstr("a damaged character map"))
        << testing::PrintToString(hidden);
  }
  const char group = static_cast<char>(15 << 3 | 3), group_end = static_cast<char>(15 << 3 | 4);
  folder.write("tokenizer.model", std::string_view(model(kUnigram) + group + field(3, bad_map) + group_end));
  EXPECT_EQ(complaint_of(folder), "/tokenizer.model: not a SentencePiece model: damaged");
}

TEST(SentencePiece, WhatIsNoModelIsRefused) {
  TemporaryFolder folder;
  folder.write("tokenizer.model", std::string_view("version https://git-lfs.github.com/spec/v1"));
  EXPECT_THAT(complaint_of(folder), ::testing::StartsWith("/tokenizer.model: not a SentencePiece model"));
  folder.write("tokenizer.model", std::string_view(""));
  EXPECT_THAT(complaint_of(folder), ::testing::StartsWith("/tokenizer.model: not a SentencePiece model"));
}

}  // namespace
}  // namespace xlt
