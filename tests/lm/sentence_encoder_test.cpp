// SPDX-License-Identifier: Apache-2.0
// Pooled hidden states of an encoder and of a decoder, and what a sentence-transformers folder says.
#include "xlt/lm/sentence_encoder.h"

#include "models/tiny_checkpoints.h"
#include "scratch_folder.h"

#include <cmath>

#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>

#include "xlt/base/error.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/models/decoder.h"
#include "xlt/nn/token_batch.h"

namespace xlt {
namespace {

using ::testing::HasSubstr;
using Ids = std::vector<int64_t>;

class SentenceEncoders : public FolderTest {
 protected:
  SentenceEncoders() { write_letter_tokenizer(folder_); }
  std::unique_ptr<SentenceEncoder> load(int64_t batch_tokens = 0) const {
    return load_sentence_encoder({folder_, {}, batch_tokens}, Placement{}, Context{});
  }
  void write_decoder() const {
    const fs::path config = folder_ / "config.json";
    write_file(config, R"({"model_type":"llama","vocab_size":31,"hidden_size":16,"intermediate_size":24,
      "num_hidden_layers":2,"num_attention_heads":2,"max_position_embeddings":20,"initializer_range":0.3})");
    save_model(*make_decoder(config, 31, Placement{}, Rng(1)), load_json(config), folder_);
  }
  void write_modules(const std::string& pooling, bool normalize) const {
    Json modules = Json::parse(R"([{"type":"sentence_transformers.models.Transformer","path":""},
      {"type":"sentence_transformers.models.Pooling","path":"1_Pooling"}])");
    if (normalize)
      modules.push_back({{"type", "sentence_transformers.models.Normalize"}, {"path", "2_Normalize"}});
    write_file(folder_ / "modules.json", dump_json(modules));
    make_folders(folder_ / "1_Pooling");
    write_file(folder_ / "1_Pooling/config.json", pooling);
  }
  static double length_of(const std::vector<float>& vector) {
    double sum = 0;
    for (const float value : vector) sum += static_cast<double>(value) * value;
    return std::sqrt(sum);
  }
  const std::vector<std::string> texts_ = {"the cat", "a", "the dog sat", "", "a", "zzz"};
};

TEST_F(SentenceEncoders, IsTheMeanOfHiddenStatesSpecialTokensIncluded) {
  const Ids ids = {0, 4, 5, 2};  // <s> a b </s>
  const std::string texts[] = {"ab"};
  for (const bool is_decoder : {false, true}) {
    if (is_decoder)
      write_decoder();
    else
      write_encoder(folder_, encoder_config("xlm-roberta"), 0);
    const auto model = load_layered_model(*open_model_source(folder_), Placement{}, Context{});
    const at::NoGradGuard no_grad;
    TokenBatch batch;
    batch.add(ids);
    const auto states = model->hidden_states(batch, Ids{0, 2});
    const auto vectors = load()->embed(texts, Ids{0, 2}, {})[0];
    ASSERT_EQ(vectors.size(), 2u);
    for (size_t layer = 0; layer < 2; ++layer) {
      const at::Tensor mean = states[layer].to(at::kDouble).mean(0).to(at::kFloat);
      for (int64_t i = 0; i < 16; ++i) EXPECT_NEAR(vectors[layer][i], mean[i].item<float>(), 1e-6);
    }
    const auto first = load()->embed(texts, Ids{2}, {PoolingMode::kFirst, false})[0][0],
               last = load()->embed(texts, Ids{2}, {PoolingMode::kLast, false})[0][0];
    EXPECT_EQ(first[3], states[1][0][3].item<float>());
    EXPECT_EQ(last[3], states[1][3][3].item<float>());
  }
}

TEST_F(SentenceEncoders, AnyBatchGivesTheSameBits) {
  for (const bool is_decoder : {false, true}) {
    if (is_decoder)
      write_decoder();
    else
      write_encoder(folder_, encoder_config("bert"), 0);
    const auto expected = load()->embed(texts_, Ids{0, 1, 2}, {});
    for (const int64_t batch_tokens : {1, 6, 17})
      EXPECT_EQ(load(batch_tokens)->embed(texts_, Ids{0, 1, 2}, {}), expected);
    EXPECT_EQ(expected[1], expected[4]);
  }
}

TEST_F(SentenceEncoders, AFolderSaysHowItsVectorsAreMade) {
  write_encoder(folder_, encoder_config("bert"), 0);
  EXPECT_EQ(load()->info().pooling.mode, PoolingMode::kMean);
  EXPECT_FALSE(load()->info().pooling.normalize);
  write_modules(
      R"({"word_embedding_dimension":16,"pooling_mode_cls_token":true,"pooling_mode_mean_tokens":false})",
      true);
  write_file(folder_ / "sentence_bert_config.json", R"({"max_seq_length":12})");
  const auto encoder = load();
  EXPECT_EQ(encoder->info().pooling.mode, PoolingMode::kFirst);
  EXPECT_TRUE(encoder->info().pooling.normalize);
  EXPECT_EQ(encoder->info().max_length, 12);
  for (const auto& vectors : encoder->embed(texts_, Ids{2}, encoder->info().pooling))
    EXPECT_NEAR(length_of(vectors[0]), 1, 1e-6);
  write_modules(R"({"pooling_mode":"mean"})", false);
  EXPECT_EQ(load()->info().pooling.mode, PoolingMode::kMean);
}

TEST_F(SentenceEncoders, WhatIsNotDoneHereIsRefused) {
  write_encoder(folder_, encoder_config("bert"), 0);
  const auto complaint = [&]() -> std::string {
    try {
      load();
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  };
  write_modules(R"({"pooling_mode_max_tokens":true})", false);
  EXPECT_THAT(complaint(), HasSubstr("pooling_mode_max_tokens"));
  write_modules(R"({"pooling_mode_cls_token":true,"pooling_mode_mean_tokens":true})", false);
  EXPECT_THAT(complaint(), HasSubstr("one at a time"));
  write_file(folder_ / "modules.json", R"([{"type":"sentence_transformers.models.Dense"}])");
  EXPECT_THAT(complaint(), HasSubstr("module Dense"));
}

TEST_F(SentenceEncoders, ALayerThatThereIsNotIsRefused) {
  write_encoder(folder_, encoder_config("bert"), 0);
  EXPECT_THROW(load()->embed(texts_, Ids{3}, {}), Error);
}

}  // namespace
}  // namespace xlt
