// SPDX-License-Identifier: Apache-2.0
// What the first token of a text is given, with tokenizers that put nothing before it: checkpoints whose
// tokenizer.json has no post-processor.
#include "lm/decoder_lm.h"

#include "scratch_folder.h"

#include <memory>
#include <numeric>

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include "xlt/base/file.h"
#include "xlt/base/json.h"

namespace xlt {
namespace {

// Token 0 is "<s>", 1 "</s>", then every byte, in the alphabet of byte-level BPE, and " b".
class TextStartTest : public FolderTest {
 protected:
  static constexpr int64_t kBos = 0, kEos = 1, kVocab = 259;

  static Json byte_tokenizer() {
    Json json = Json::parse(R"({"version": "1.0", "added_tokens": [], "normalizer": null,
      "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
      "post_processor": null, "decoder": {"type": "ByteLevel"},
      "model": {"type": "BPE", "unk_token": null, "vocab": {"<s>": 0, "</s>": 1}, "merges": ["Ġ b"]}})");
    for (const auto& [id, name] : {std::pair(kBos, "<s>"), std::pair(kEos, "</s>")})
      json["added_tokens"].push_back({{"id", id},
                                      {"content", name},
                                      {"single_word", false},
                                      {"lstrip", false},
                                      {"rstrip", false},
                                      {"normalized", false},
                                      {"special", true}});
    int64_t id = 2, beyond = 256;
    for (int64_t byte = 0; byte < 256; ++byte) {
      const bool shown = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
      const int64_t code = shown ? byte : beyond++;
      const std::string letter = code < 0x80 ? std::string(1, static_cast<char>(code))
                                             : std::string{static_cast<char>(0xC0 | (code >> 6)),
                                                           static_cast<char>(0x80 | (code & 0x3F))};
      json["model"]["vocab"][letter] = id++;
    }
    json["model"]["vocab"]["Ġb"] = id;
    return json;
  }

  std::unique_ptr<LanguageModel> load(const Json& tokenizer_config, const Json& tokenizer = byte_tokenizer(),
                                      int64_t max_length = 64) {
    const Json config = {
        {"model_type", "llama"},    {"vocab_size", kVocab},     {"hidden_size", 16},
        {"intermediate_size", 24},  {"num_hidden_layers", 2},   {"num_attention_heads", 2},
        {"num_key_value_heads", 1}, {"initializer_range", 0.5}, {"max_position_embeddings", max_length}};
    write_file(folder_ / "config.json", dump_json(config));
    const auto decoder = make_decoder(folder_ / "config.json", kVocab, Placement{}, Rng(1));
    save_model(*decoder, config, folder_);
    write_file(folder_ / "tokenizer.json", dump_json(tokenizer));
    write_file(folder_ / "tokenizer_config.json", dump_json(tokenizer_config));
    return load_language_model(LanguageModelOptions{folder_, {}, 0}, Placement{}, Context{});
  }
  static LogLikelihood rolled(LanguageModel& lm, const std::string& text, TextStart start) {
    return lm.rolling_log_likelihood(std::vector{text}, start)[0];
  }

  static constexpr const char* kText = "a bb";  // tokens "a", " b", "b"
  const Json kNamesBoth = {{"bos_token", "<s>"}, {"eos_token", "</s>"}};
  const Json kNamesEos = {{"bos_token", nullptr}, {"eos_token", "</s>"}};
};

TEST_F(TextStartTest, F3FirstTokenIsGivenBosThoughTheTokenizerAddsNone) {
  const auto lm = load(kNamesBoth);
  ASSERT_FALSE(lm->info().adds_bos);
  const auto score = rolled(*lm, kText, TextStart::kDocument);
  EXPECT_EQ(score.num_tokens, 3);
  EXPECT_EQ(score.num_bytes, 4);
  // The special token spelled out is the same token.
  const auto spelled = rolled(*lm, std::string("<s>") + kText, TextStart::kAsTokenized);
  EXPECT_EQ(score.token_log_likelihoods, spelled.token_log_likelihoods);
  EXPECT_EQ(score.token_log_likelihoods,
            rolled(*lm, std::string("<s>") + kText, TextStart::kDocument).token_log_likelihoods);
}

TEST_F(TextStartTest, F3WithoutBosItIsGivenEos) {
  const auto lm = load(kNamesEos);
  EXPECT_EQ(rolled(*lm, kText, TextStart::kDocument).token_log_likelihoods,
            rolled(*lm, std::string("</s>") + kText, TextStart::kAsTokenized).token_log_likelihoods);
  const auto empty_context = lm->log_likelihood(std::vector<LogLikelihoodRequest>{{"", kText}})[0];
  EXPECT_EQ(empty_context.token_log_likelihoods,
            rolled(*lm, kText, TextStart::kDocument).token_log_likelihoods);
}

TEST_F(TextStartTest, F3WithNeitherItsBytesAreNotCounted) {
  const auto lm = load(Json::object());
  const auto score = rolled(*lm, kText, TextStart::kDocument);
  EXPECT_EQ(score.num_tokens, 2);
  EXPECT_EQ(score.num_bytes, 3);  // all but "a"
  EXPECT_EQ(rolled(*lm, "日bb", TextStart::kDocument).num_tokens, 4);
  EXPECT_EQ(rolled(*lm, "日bb", TextStart::kDocument).num_bytes,
            2);  // the character whose first byte has no context
  EXPECT_EQ(rolled(*lm, "a", TextStart::kDocument).num_tokens, 0);
  EXPECT_EQ(rolled(*lm, "a", TextStart::kDocument).num_bytes, 0);
  EXPECT_EQ(rolled(*lm, "", TextStart::kDocument).num_bytes, 0);
}

TEST_F(TextStartTest, F3ScoreCountsTokensTwoToN) {
  const auto lm = load(kNamesBoth);
  const auto all = rolled(*lm, kText, TextStart::kDocument),
             rest = rolled(*lm, kText, TextStart::kAsTokenized);
  EXPECT_EQ(rest.num_tokens, 2);
  EXPECT_EQ(rest.num_bytes, 3);
  EXPECT_NE(rest.token_log_likelihoods[0], all.token_log_likelihoods[1]);  // it has no BOS before it
}

TEST_F(TextStartTest, F3TheConstantOfBosNeedsATokenizerThatAddsIt) {
  EXPECT_EQ(load(kNamesBoth)->bos_log_likelihood(), std::nullopt);
  Json adding = byte_tokenizer();
  adding["post_processor"] = Json::parse(R"({"type": "TemplateProcessing",
      "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
      "special_tokens": {"<s>": {"id": "<s>", "ids": [0]}}})");
  const auto lm = load(kNamesBoth, adding);
  ASSERT_TRUE(lm->info().adds_bos);
  EXPECT_TRUE(lm->bos_log_likelihood().has_value());
  // With BOS from the tokenizer both starts are the same, and every byte is scored.
  EXPECT_EQ(rolled(*lm, kText, TextStart::kDocument).token_log_likelihoods,
            rolled(*lm, kText, TextStart::kAsTokenized).token_log_likelihoods);
  EXPECT_EQ(rolled(*lm, kText, TextStart::kAsTokenized).num_bytes, 4);
}

TEST_F(TextStartTest, EveryTokenIsScoredOnceInWindows) {
  const auto lm = load(kNamesBoth, byte_tokenizer(), /*max_length=*/4);
  const auto score = rolled(*lm, "abcdefghij", TextStart::kDocument);
  EXPECT_EQ(score.num_tokens, 10);
  EXPECT_EQ(score.num_bytes, 10);
}

// As lm-evaluation-harness: of context and continuation the last max_length + 1 tokens, the last of which
// predicts nothing.
TEST_F(TextStartTest, ALongContextLosesItsBeginningWhereAsked) {
  const std::vector<LogLikelihoodRequest> whole = {{"def", "gh"}},
                                          cut = {{"abcdef", "gh", LongContext::kCutFromStart}};
  const auto expected = load(kNamesBoth)->log_likelihood(whole)[0];
  const auto lm = load(kNamesBoth, byte_tokenizer(), /*max_length=*/4);
  const auto score = lm->log_likelihood(cut)[0];
  EXPECT_EQ(score.num_tokens, 2);
  EXPECT_EQ(score.token_log_likelihoods, expected.token_log_likelihoods);
  const std::vector<LogLikelihoodRequest> kept = {{"abcdef", "gh"}};
  EXPECT_NE(lm->log_likelihood(kept)[0].token_log_likelihoods, expected.token_log_likelihoods);
}

// Quirk B5: of a batch of two padded on the left, the shorter text is read from its first pad on and loses as
// many tokens at its end.
TEST_F(TextStartTest, B5ShorterTextOfABatchIsScoredOnItsPadsAndLosesItsEnd) {
  Json adding = byte_tokenizer();
  adding["post_processor"] = Json::parse(R"({"type": "TemplateProcessing",
      "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
      "special_tokens": {"<s>": {"id": "<s>", "ids": [0]}}})");
  Json names = kNamesBoth;
  EXPECT_FALSE(load(names, adding)->left_padded_log_likelihood(std::vector<std::string>{"ab"}).has_value());
  names["padding_side"] = "left";
  names["pad_token"] = "</s>";
  const auto lm = load(names, adding);
  const std::vector<std::string> texts = {"abcd", "ef", "gh"};  // the last is a batch by itself
  const auto padded = lm->left_padded_log_likelihood(texts);
  ASSERT_TRUE(padded.has_value());
  const auto& rows = *padded;
  const double constant = lm->bos_log_likelihood().value();
  const auto whole = [&](const std::string& text) {
    const auto score = rolled(*lm, text, TextStart::kDocument);
    return std::pair(score.log_likelihood + constant, score.num_tokens + 1);
  };
  for (const auto& [index, text] : {std::pair(0, "abcd"), std::pair(2, "gh")}) {
    EXPECT_NEAR(rows[index].log_likelihood, whole(text).first, 1e-5);
    EXPECT_EQ(rows[index].num_tokens, whole(text).second);
  }
  // Two pads, BOS; "ef" is lost: P(pad | BOS) P(pad | pad) P(BOS | pad pad).
  EXPECT_EQ(rows[1].num_tokens, 3);
  const auto after_bos = rolled(*lm, "</s>", TextStart::kDocument).token_log_likelihoods;
  const auto bare = load(names);  // the same weights; no BOS before the text
  const auto pads = rolled(*bare, "</s></s><s>", TextStart::kAsTokenized).token_log_likelihoods;
  EXPECT_NEAR(rows[1].token_log_likelihoods[0], after_bos[0], 1e-5);
  EXPECT_NEAR(rows[1].token_log_likelihoods[1], pads[0], 1e-5);
  EXPECT_NEAR(rows[1].token_log_likelihoods[2], pads[1], 1e-5);
  EXPECT_FALSE(bare->left_padded_log_likelihood(texts).has_value());
}

}  // namespace
}  // namespace xlt
