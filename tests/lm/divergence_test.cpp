// SPDX-License-Identifier: Apache-2.0
// divergence_from_base against logits of whole sequences in float64.
#include "lm/decoder_lm.h"
#include "scratch_folder.h"

#include <memory>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/nn/lora_adapter.h"
#include "xlt/nn/token_batch.h"

namespace xlt {
namespace {

class DivergenceTest : public FolderTest {
 protected:
  static constexpr int64_t kVocab = 7;  // "<s>", "</s>" and the letters a to e

  static Json config(int64_t vocab_size, int64_t max_length) {
    return {{"model_type", "llama"},    {"vocab_size", vocab_size}, {"hidden_size", 16},
            {"intermediate_size", 24},  {"num_hidden_layers", 2},   {"num_attention_heads", 2},
            {"num_key_value_heads", 1}, {"initializer_range", 0.5}, {"max_position_embeddings", max_length}};
  }
  // A model's folder, weights drawn by seed.
  fs::path model(const std::string& name, uint64_t seed, int64_t max_length = 64,
                 int64_t vocab_size = kVocab) {
    const fs::path folder = folder_ / name;
    fs::create_directories(folder);
    write_file(folder / "config.json", dump_json(config(vocab_size, max_length)));
    const auto decoder = make_decoder(folder / "config.json", vocab_size, Placement{}, Rng(seed));
    save_model(*decoder, config(vocab_size, max_length), folder);
    write_file(folder / "tokenizer.json", R"({"version": "1.0", "normalizer": null, "post_processor": null,
      "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
      "decoder": {"type": "ByteLevel"}, "added_tokens": [
        {"id": 0, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
        {"id": 1, "content": "</s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
      "model": {"type": "BPE", "unk_token": null, "merges": [],
        "vocab": {"<s>": 0, "</s>": 1, "a": 2, "b": 3, "c": 4, "d": 5, "e": 6}}})");
    write_file(folder / "tokenizer_config.json", R"({"bos_token": "<s>", "eos_token": "</s>"})");
    return folder;
  }
  static std::unique_ptr<LanguageModel> load(const LanguageModelOptions& options) {
    return load_language_model(options, Placement{}, Context{});
  }
  // BOS before the letters, as TextStart::kDocument puts it.
  static std::vector<int64_t> ids_of(const std::string& text) {
    std::vector<int64_t> ids{0};
    for (const char letter : text) ids.push_back(2 + (letter - 'a'));
    return ids;
  }
  static at::Tensor log_probabilities(const Decoder& decoder, const std::string& text) {  // [T, V] float64
    TokenBatch batch;
    batch.add(ids_of(text));
    return at::log_softmax(at::matmul(decoder.forward(batch, nullptr).to(at::kDouble),
                                      decoder.head_weight().to(at::kDouble).t()),
                           -1);
  }
  static void expect_equal(const Divergence& divergence, const Decoder& base, const Decoder& tuned,
                           const std::string& text) {
    const at::NoGradGuard no_grad;
    const at::Tensor p = log_probabilities(base, text), q = log_probabilities(tuned, text);
    EXPECT_NEAR(divergence.kl, (p.exp() * (p - q)).sum().item<double>(), 1e-5) << text;
    EXPECT_EQ(divergence.num_agreeing, (p.argmax(-1) == q.argmax(-1)).sum().item<int64_t>()) << text;
    EXPECT_EQ(divergence.num_positions, static_cast<int64_t>(text.size()) + 1) << text;
  }

  const std::vector<std::string> texts_ = {"abcade", "abe", "", "deadbe"};
};

TEST_F(DivergenceTest, EqualsThatOfWholeDistributions) {
  const fs::path tuned = model("tuned", 1), base = model("base", 2);
  const auto lm = load({.model = tuned, .base = base});
  const auto divergences = lm->divergence_from_base(texts_, TextStart::kDocument);
  ASSERT_TRUE(divergences.has_value());
  const auto tuned_decoder = load_decoder(tuned, Placement{}, Context{}),
             base_decoder = load_decoder(base, Placement{}, Context{});
  for (size_t i = 0; i < texts_.size(); ++i) {
    expect_equal((*divergences)[i], *base_decoder, *tuned_decoder, texts_[i]);
    EXPECT_GT((*divergences)[i].kl, 0.01);
  }
}

TEST_F(DivergenceTest, WithoutABaseTheAdapterIsSwitchedOff) {
  const fs::path folder = model("model", 1), adapter = folder_ / "adapter";
  const auto tuned = load_decoder(folder, Placement{}, Context{});
  attach_lora(*tuned, {.r = 2, .alpha = 4}, Rng(3));
  for (const NamedLinear& named : tuned->linears()) {
    const at::NoGradGuard no_grad;
    lora_of(*named.linear)->b.fill_(0.2);
  }
  save_lora(*tuned, adapter, folder.string());
  const auto lm = load({.model = folder, .adapter = adapter});
  const auto before = lm->rolling_log_likelihood(texts_, TextStart::kDocument);
  const auto divergences = lm->divergence_from_base(texts_, TextStart::kDocument);
  ASSERT_TRUE(divergences.has_value());
  const auto base = load_decoder(folder, Placement{}, Context{});
  for (size_t i = 0; i < texts_.size(); ++i) expect_equal((*divergences)[i], *base, *tuned, texts_[i]);
  // The adapter is on again.
  const auto after = lm->rolling_log_likelihood(texts_, TextStart::kDocument);
  for (size_t i = 0; i < texts_.size(); ++i)
    EXPECT_EQ(after[i].token_log_likelihoods, before[i].token_log_likelihoods);
}

TEST_F(DivergenceTest, OfTheModelItselfItIsNothing) {
  const fs::path folder = model("model", 1);
  const auto lm = load({.model = folder, .base = folder});
  const auto divergences = lm->divergence_from_base(texts_, TextStart::kDocument);
  for (const Divergence& divergence : *divergences) {
    EXPECT_EQ(divergence.kl, 0);
    EXPECT_EQ(divergence.num_agreeing, divergence.num_positions);
  }
  EXPECT_FALSE(load({.model = folder})->divergence_from_base(texts_, TextStart::kDocument).has_value());
}

TEST_F(DivergenceTest, EveryPositionOfALongTextCountsOnce) {
  const auto lm = load({.model = model("tuned", 1, /*max_length=*/4), .base = model("base", 2, 4)});
  const std::vector<std::string> texts = {"abcdeabc", "abc"};
  const auto divergences = lm->divergence_from_base(texts, TextStart::kDocument);
  EXPECT_EQ((*divergences)[0].num_positions, 9);
  EXPECT_EQ((*divergences)[1].num_positions, 4);
}

TEST_F(DivergenceTest, AnotherVocabularyIsRefused) {
  const fs::path tuned = model("tuned", 1), base = model("base", 2, 64, kVocab + 1);
  try {
    load({.model = tuned, .base = base});
    FAIL() << "was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(error.message().find("vocabulary of 8 tokens, the model one of 7"), std::string::npos)
        << error.message();
  }
}

}  // namespace
}  // namespace xlt
