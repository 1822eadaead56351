// SPDX-License-Identifier: Apache-2.0
// "Thread-safe after construction": what several threads ask of one tokenizer is what one would be told.
#include "text_testing.h"

#include <thread>

namespace xlt {
namespace {

std::vector<std::string> some_texts() {
  std::vector<std::string> texts;
  for (int i = 0; i < 400; ++i) {
    std::string text = "ab" + std::to_string(i * i) + (i % 3 == 0 ? " Ünï <s> ab'll " : "\n\tabba ");
    for (int k = 0; k < i % 20; ++k) text += k % 2 == 0 ? "aab b" : "e\xCC\x81 ";
    texts.push_back(text);
  }
  return texts;
}

void expect_alike_on_threads(const Json& json) {
  const auto tokenizer = load_json(json);
  const std::vector<std::string> texts = some_texts();
  std::vector<std::vector<int64_t>> alone;
  for (const std::string& text : texts) alone.push_back(tokenizer->encode(text, SpecialTokens::kAdd));
  constexpr int kThreads = 4;
  std::vector<std::vector<std::vector<int64_t>>> found(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (const std::string& text : texts) found[t].push_back(tokenizer->encode(text, SpecialTokens::kAdd));
    });
  for (std::thread& thread : threads) thread.join();
  for (const auto& ids : found) EXPECT_EQ(ids, alone);
}

// Characters and what BPE makes of them, with normalizers, a regular expression and added tokens.
TEST(Threads, BpeWithEveryKindOfPart) {
  std::vector<std::string> tokens{"<s>", "a", "b",  "e",   "n",        "u",
                                  "i",   "l", "ab", "aab", "\xCC\x81", "\xC3\xA9"};
  for (char c = '0'; c <= '9'; ++c) tokens.emplace_back(1, c);
  Json json = tokenizer_json(tokens, {"a b", "a ab"});
  json["added_tokens"].push_back(added_token(0, "<s>", {{"special", true}}));
  json["normalizer"] = Json::parse(
      R"({"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Lowercase"}, {"type": "StripAccents"}]})");
  json["pre_tokenizer"] = Json::parse(
      R"({"type": "Split", "pattern": {"Regex": "\\p{L}+|\\p{N}{1,3}|\\s+(?!\\S)|\\s+"}, "behavior": "Isolated", "invert": false})");
  expect_alike_on_threads(json);
}

TEST(Threads, ByteLevelBpe) {
  std::vector<std::string> tokens{"a", "b", "ab"};
  for (char c = '0'; c <= '9'; ++c) tokens.emplace_back(1, c);
  Json json = tokenizer_json(tokens, {"a b"});
  json["pre_tokenizer"] = Json::parse(
      R"({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true})");
  expect_alike_on_threads(json);
}

TEST(Threads, Unigram) {
  Json json = tokenizer_json({}, {});
  Json& model = json["model"] = {{"type", "Unigram"}, {"unk_id", 0}, {"vocab", Json::array()}};
  const std::pair<const char*, double> scores[] = {
      {"<unk>", 0}, {"a", -1}, {"b", -2}, {"ab", -2.5}, {"\u2581", -1}};
  for (const auto& [token, score] : scores) model["vocab"].push_back(Json::array({token, score}));
  json["pre_tokenizer"] = Json::parse(
      R"({"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": true})");
  expect_alike_on_threads(json);
}

}  // namespace
}  // namespace xlt
