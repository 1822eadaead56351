// SPDX-License-Identifier: Apache-2.0
// Unigram and word pieces; expected ids from tokenizers 0.23.
#include "text_testing.h"

namespace xlt {
namespace {

using ::testing::HasSubstr;

Json unigram_json(const std::vector<std::pair<std::string, double>>& tokens) {
  Json json = tokenizer_json({}, {});
  Json& model = json["model"] = {{"type", "Unigram"}, {"unk_id", 0}, {"vocab", Json::array()}};
  for (const auto& [token, score] : tokens) model["vocab"].push_back(Json::array({token, score}));
  return json;
}

TEST(Unigram, TheSumOfScoresDecides) {
  Json json = unigram_json({{"<unk>", 0}, {"a", -1}, {"b", -2}, {"ab", -2.5}, {"aba", -6}});
  EXPECT_EQ(encode(*load_json(json), "ab"), (Ids{3}));
  EXPECT_EQ(encode(*load_json(json), "aba"), (Ids{3, 1}));  // −3.5, not −4 or −6
  json["model"]["vocab"][3][1] = -3.5;
  EXPECT_EQ(encode(*load_json(json), "ab"), (Ids{1, 2}));
  json["model"]["vocab"][3][1] =
      -3;  // a tie: the first found stays, the longer token that begins further left
  EXPECT_EQ(encode(*load_json(json), "ab"), (Ids{3}));
}

TEST(Unigram, WhatNoTokenCoversIsOneUnknown) {
  Json json = unigram_json({{"<unk>", 0}, {"a", -1}, {"<0xC3>", -3}, {"<0xA9>", -3}, {"zz", -2}});
  EXPECT_EQ(encode(*load_json(json), "aééa"), (Ids{1, 0, 1}));
  EXPECT_EQ(encode(*load_json(json), "azza"), (Ids{1, 4, 1}));
  EXPECT_EQ(encode(*load_json(json), "zx"), (Ids{0}));
  json["model"]["byte_fallback"] = true;
  EXPECT_EQ(encode(*load_json(json), "aéa"), (Ids{1, 2, 3, 1}));
  EXPECT_EQ(encode(*load_json(json), "aéè"), (Ids{1, 0}));  // the byte A8 has no token
  json["model"]["unk_id"] = nullptr;
  EXPECT_EQ(encode(*load_json(json), "aa"), (Ids{1, 1}));
  EXPECT_THROW(encode(*load_json(json), "è"), Error);
}

TEST(Unigram, XlmRobertasPipeline) {
  Json json = unigram_json({{"<s>", 0},
                            {"<pad>", 0},
                            {"</s>", 0},
                            {"<unk>", 0},
                            {"▁", -3},
                            {"▁he", -4},
                            {"llo", -4},
                            {"▁w", -5},
                            {"orld", -5}});
  json["model"]["unk_id"] = 3;
  json["pre_tokenizer"] = Json::parse(R"({"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"},
      {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true}]})");
  json["decoder"] = {{"type", "Metaspace"}, {"replacement", "▁"}, {"prepend_scheme", "always"}};
  json["post_processor"] = {{"type", "RobertaProcessing"}, {"sep", {"</s>", 2}}, {"cls", {"<s>", 0}}};
  const auto tokenizer = load_json(json);
  EXPECT_EQ(tokenizer->encode(" hello\n world ?", SpecialTokens::kAdd), (Ids{0, 5, 6, 7, 8, 4, 3, 2}));
  EXPECT_EQ(tokenizer->decode(Ids{5, 6, 7, 8}), "hello world");
}

TEST(Unigram, MalformedVocabulariesAreRefused) {
  TemporaryFolder folder;
  for (const char* vocab : {R"([["a"]])", R"([["a", 1, 2]])", R"([[1, "a"]])", R"(["a"])", R"([["a", null]])",
                            R"([["a", [1]]])", R"([{"a": 1}])"}) {
    folder.write("tokenizer.json",
                 std::string_view(str_cat(R"({"model": {"type": "Unigram", "vocab": )", vocab, "}}")));
    EXPECT_EQ(complaint_of(folder), "/tokenizer.json: model.vocab[0]: expected [token, score]") << vocab;
  }
  folder.write("tokenizer.json", std::string_view(R"({"model": {"type": "Unigram", "vocab": {"a": 0}}})"));
  EXPECT_EQ(complaint_of(folder), "/tokenizer.json: model.vocab: expected [token, score] pairs");
  folder.write("tokenizer.json", std::string_view(R"({"model": {"type": "BPE", "vocab": [["a", 0]]}})"));
  EXPECT_EQ(complaint_of(folder), "/tokenizer.json: model.vocab: expected an object of token → id");
  folder.write("tokenizer.json",
               std::string_view(R"({"model": {"type": "Unigram", "vocab": [["a", 0]], "unk_id": 1}})"));
  EXPECT_THAT(complaint_of(folder), HasSubstr("model.unk_id: the id 1 is out of range"));
}

Json word_piece_json(const std::vector<std::string>& tokens) {
  Json json = tokenizer_json(tokens, {});
  json["model"].erase("merges");
  json["model"]["type"] = "WordPiece";
  json["model"]["unk_token"] = "[UNK]";
  json["normalizer"] = {{"type", "BertNormalizer"}};
  json["pre_tokenizer"] = {{"type", "BertPreTokenizer"}};
  json["decoder"] = {{"type", "WordPiece"}};
  return json;
}

TEST(WordPiece, TheLongestPieceFromTheLeft) {
  const auto tokenizer =
      load_json(word_piece_json({"[UNK]", "un", "##aff", "##able", "##a", "una", "##ffable", "##x"}));
  EXPECT_EQ(encode(*tokenizer, "unaffable"), (Ids{5, 6}));
  EXPECT_EQ(encode(*tokenizer, "unable"), (Ids{0}));  // una|ble: greedy, and what is left is unknown
  EXPECT_EQ(encode(*tokenizer, "Unx UNA"), (Ids{1, 7, 5}));
  EXPECT_EQ(encode(*tokenizer, "q"), (Ids{0}));
  EXPECT_EQ(tokenizer->decode(Ids{5, 6, 1}), "unaffable un");
}

TEST(WordPiece, AWordThatIsTooLongIsUnknown) {
  Json json = word_piece_json({"[UNK]", "a", "##a"});
  EXPECT_EQ(encode(*load_json(json), std::string(100, 'a')).size(), 100u);
  EXPECT_EQ(encode(*load_json(json), std::string(101, 'a')), (Ids{0}));
  json["model"]["max_input_chars_per_word"] = 2;
  EXPECT_EQ(encode(*load_json(json), "aaa aa"), (Ids{0, 1, 2}));
}

TEST(WordPiece, BertsBasicTokens) {
  const auto tokenizer = load_json(word_piece_json({"[UNK]", "ete", "漢", "字", "!", "a"}));
  EXPECT_EQ(encode(*tokenizer, "ÉTÉ漢字!\u00ADa\ta"), (Ids{1, 2, 3, 4, 5, 5}));
}

}  // namespace
}  // namespace xlt
