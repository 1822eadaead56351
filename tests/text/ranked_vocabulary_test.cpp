// SPDX-License-Identifier: Apache-2.0
// tekken.json and tiktoken's tokenizer.model: vocabularies without merges.
#include "text_testing.h"

#include <atomic>

namespace xlt {
namespace {

using ::testing::HasSubstr;

std::string base64(std::string_view bytes) {
  constexpr const char* kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t bits = 0;
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    for (size_t j = 0; j < 3; ++j)
      bits = bits << 8 | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    for (size_t j = 0; j < 4; ++j) text += j <= count ? kDigits[bits >> (18 - 6 * j) & 63] : '=';
  }
  return text;
}

// Every byte, then `further`.
std::vector<std::string> ranked(const std::vector<std::string>& further) {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  tokens.insert(tokens.end(), further.begin(), further.end());
  return tokens;
}

// Ten special tokens, so that the byte b has the id 10 + b, and the first of `further` 266.
Json tekken(const std::vector<std::string>& further) {
  Json json = {
      {"config",
       {{"pattern", " ?\\p{L}+|\\s+"}, {"default_num_special_tokens", 10}, {"default_vocab_size", 0}}},
      {"vocab", Json::array()}};
  for (const std::string& token : ranked(further))
    json["vocab"].push_back({{"rank", json["vocab"].size()}, {"token_bytes", base64(token)}});
  json["config"]["default_vocab_size"] = 10 + json["vocab"].size();
  return json;
}

std::unique_ptr<Tokenizer> load_tekken(const Json& json) {
  TemporaryFolder folder;
  folder.write("tekken.json", json);
  return load_tokenizer(folder.path());
}

TEST(RankedVocabulary, PairsOfTheLowestRankAreJoinedFirst) {
  // Of "abc", "bc" is joined before "ab"; "abc" cannot be put together from a + bc, so it stays in two.
  const auto tokenizer = load_tekken(tekken({"bc", "ab", "abcd", "é"}));
  EXPECT_EQ(encode(*tokenizer, "abc"), (Ids{10 + 'a', 266}));
  EXPECT_EQ(encode(*tokenizer, "ab"), (Ids{267}));
  // A whole word of the vocabulary is taken though no two tokens make it.
  EXPECT_EQ(encode(*tokenizer, "abcd"), (Ids{268}));
  EXPECT_EQ(encode(*tokenizer, "é"), (Ids{269}));
  EXPECT_EQ(encode(*tokenizer, "è"), (Ids{10 + 0xC3, 10 + 0xA8}));
  EXPECT_EQ(tokenizer->decode(Ids{1, 268, 10 + ' ', 10 + 0xC3, 10 + 0xA8, 2}), "abcd è");
}

TEST(RankedVocabulary, SpecialTokensHaveTheFirstIds) {
  const auto tokenizer = load_tekken(tekken({}));
  EXPECT_EQ(tokenizer->encode("a", SpecialTokens::kAdd), (Ids{1, 10 + 'a'}));
  EXPECT_EQ(encode(*tokenizer, "[INST]a</s>"), (Ids{3, 10 + 'a', 2}));
  EXPECT_EQ(tokenizer->bos_id(), 1);
  EXPECT_EQ(tokenizer->eos_id(), 2);
  EXPECT_EQ(tokenizer->vocab_size(), 266);
  Json named = tekken({});
  named["special_tokens"] = {{{"rank", 3}, {"token_str", "<hello>"}}};
  EXPECT_EQ(encode(*load_tekken(named), "<hello><SPECIAL_4>"), (Ids{3, 4}));
}

TEST(RankedVocabulary, TheConfigurationSaysWhetherBosIsPut) {
  TemporaryFolder folder;
  folder.write("tekken.json", tekken({}));
  folder.write("tokenizer_config.json", Json{{"add_bos_token", false}, {"add_eos_token", true}});
  EXPECT_EQ(load_tokenizer(folder.path())->encode("a", SpecialTokens::kAdd), (Ids{10 + 'a', 2}));
}

TEST(RankedVocabulary, FaultsOfTekkenNameTheirPlace) {
  const auto complaint = [](const Json& json) {
    TemporaryFolder folder;
    folder.write("tekken.json", json);
    return complaint_of(folder);
  };
  Json json = tekken({"ab"});
  json["vocab"][3]["token_bytes"] = "?";
  EXPECT_THAT(complaint(json), HasSubstr("/tekken.json: vocab[3].token_bytes: is not base64"));
  json = tekken({"ab"});
  json["vocab"][3]["rank"] = 7;
  EXPECT_THAT(complaint(json), HasSubstr("vocab[3].rank: expected 3"));
  json = tekken({"ab"});
  json["config"]["default_vocab_size"] = 1000;
  EXPECT_THAT(complaint(json), HasSubstr("has 257 tokens; config names 990"));
  json["config"]["default_vocab_size"] = -5;
  EXPECT_THAT(complaint(json), HasSubstr("out of range"));
  EXPECT_THAT(complaint(tekken({"ab", "ab"})), HasSubstr("stands twice"));
  EXPECT_THAT(complaint(tekken({""})), HasSubstr("is empty"));
  json = tekken({});
  json["config"]["default_vocab_size"] = 100;
  EXPECT_THAT(complaint(json), HasSubstr("the byte 90 is not among the tokens"));
}

TEST(RankedVocabulary, TakesNoMoreWorkThanARealOne) {
  const auto complaint = [](const Json& json) {
    TemporaryFolder folder;
    folder.write("tekken.json", json);
    return complaint_of(folder);
  };
  EXPECT_THAT(complaint(tekken({std::string(1025, 'a')})),
              HasSubstr("/tekken.json: the token of rank 256 has 1025 bytes; at most 1024"));
  std::vector<std::string> runs;
  for (size_t length = 2; length <= 400; ++length) runs.emplace_back(length, 'a');
  EXPECT_THAT(complaint(tekken(runs)), HasSubstr("no real vocabulary does"));
  runs.resize(59);
  EXPECT_EQ(complaint(tekken(runs)), "");
  Json json = tekken({});
  json["config"]["default_num_special_tokens"] = 10'000'000;
  json["config"]["default_vocab_size"] = 10'000'000;
  EXPECT_THAT(complaint(json), HasSubstr("default_num_special_tokens: 10000000 is out of range"));
}

TEST(RankedVocabulary, StopsWhenAsked) {
  const std::atomic<bool> interrupted{true};
  Context context;
  context.interrupted_flag = &interrupted;
  TemporaryFolder folder;
  folder.write("tekken.json", tekken({}));
  try {
    load_tokenizer(folder.path(), context);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInterrupted);
  }
}

// Bytes, then words of two and three bytes until there are `count`.
std::string tiktoken(size_t count) {
  std::vector<std::string> further;
  for (int i = 0; further.size() + 256 < count; ++i)
    further.push_back({static_cast<char>(i >> 8 & 255), static_cast<char>(i & 255)});
  for (size_t i = 65536; i < further.size(); ++i) further[i] += 'z';
  std::string lines;
  size_t rank = 0;
  for (const std::string& token : ranked(further)) lines += str_cat(base64(token), " ", rank++, "\n");
  return lines;
}

TEST(RankedVocabulary, LlamasTiktokenFileIsToldFromASentencePieceModel) {
  TemporaryFolder folder;
  folder.write("tokenizer.model", std::string_view(tiktoken(128000)));
  const auto tokenizer = load_tokenizer(folder.path());
  EXPECT_EQ(tokenizer->encode("a", SpecialTokens::kAdd), (Ids{128000, 'a'}));
  EXPECT_EQ(encode(*tokenizer, "<|eot_id|>"), (Ids{128009}));
  EXPECT_EQ(tokenizer->token_to_id("<|reserved_special_token_2|>"), 128012);
  EXPECT_EQ(tokenizer->vocab_size(), 128256);
  EXPECT_EQ(tokenizer->eos_id(), 128001);
}

TEST(RankedVocabulary, FaultsOfTiktokenFilesNameTheirLine) {
  TemporaryFolder folder;
  folder.write("tokenizer.model", std::string_view(tiktoken(300)));
  EXPECT_THAT(complaint_of(folder), HasSubstr("a tiktoken vocabulary of 300 tokens is no Llama's"));
  folder.write("tokenizer.model", std::string_view("YQ== 0\nYg== 2\n"));
  EXPECT_THAT(complaint_of(folder), HasSubstr("/tokenizer.model:2: rank 2 where 1 was expected"));
  folder.write("tokenizer.model", std::string_view("YQ== 0\nnothing\n"));
  EXPECT_THAT(complaint_of(folder), HasSubstr("/tokenizer.model:2: expected a token in base64"));
}

}  // namespace
}  // namespace xlt
