// SPDX-License-Identifier: Apache-2.0
// T5: the same bits alone and in a batch, what a target sees, heads and scales. Values against transformers:
// tests/parity.
#include "xlt/models/encoder_decoder.h"

#include "models/tiny_checkpoints.h"
#include "scratch_folder.h"

#include <cmath>

#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>

#include "xlt/base/error.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/nn/token_batch.h"
#include "xlt/ops/head/token_logps.h"

namespace xlt {
namespace {

using ::testing::HasSubstr;
using Ids = std::vector<int64_t>;

class EncoderDecoders : public FolderTest {
 protected:
  std::unique_ptr<EncoderDecoder> load() const {
    return load_encoder_decoder(*open_model_source(folder_), Placement{}, Context{});
  }
  // States of targets[t] reading sources[texts[t]].
  static at::Tensor states(const EncoderDecoder& model, const std::vector<Ids>& sources,
                           const std::vector<Ids>& targets, const Ids& texts) {
    TokenBatch read, asking;
    for (const Ids& ids : sources) read.add(ids);
    for (const Ids& ids : targets) asking.add(ids);
    return model.decode(asking, read, model.encode(read), texts);
  }
  at::NoGradGuard no_grad_;
};

TEST_F(EncoderDecoders, APairHasTheSameBitsAloneAndInABatch) {
  for (const char* mlp : {"relu", "gated-gelu"}) {
    write_t5(folder_, t5_config("t5", str_cat(R"({"feed_forward_proj":")", mlp, "\"}")));
    const auto model = load();
    const std::vector<Ids> sources = {{5, 6, 2}, {7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 2}},
                           targets = {{1, 4, 5}, {1, 9, 9, 9, 9}, {1, 20}};
    const at::Tensor all = states(*model, sources, targets, {1, 0, 0});
    EXPECT_TRUE(at::equal(states(*model, {sources[1]}, {targets[0]}, {0}), all.narrow(0, 0, 3)));
    EXPECT_TRUE(at::equal(states(*model, {sources[0]}, {targets[1]}, {0}), all.narrow(0, 3, 5)));
    EXPECT_TRUE(at::equal(states(*model, {sources[0]}, {targets[2]}, {0}), all.narrow(0, 8, 2)));
  }
}

TEST_F(EncoderDecoders, ATargetSeesItsPastAndTheWholeSource) {
  write_t5(folder_, t5_config());
  const auto model = load();
  const at::Tensor one = states(*model, {{5, 6, 2}}, {{1, 4, 5}}, {0}),
                   other_future = states(*model, {{5, 6, 2}}, {{1, 4, 8}}, {0}),
                   other_source = states(*model, {{5, 6, 3}}, {{1, 4, 5}}, {0});
  EXPECT_TRUE(at::equal(one.narrow(0, 0, 2), other_future.narrow(0, 0, 2)));
  EXPECT_GT((one[2] - other_future[2]).abs().max().item<float>(), 1e-4f);
  EXPECT_GT((one[0] - other_source[0]).abs().max().item<float>(), 1e-4f);
}

TEST_F(EncoderDecoders, OutputsAreScaledWhereTheConfigSaysSo) {
  const auto scale = [&](const Json& config) {
    write_t5(folder_, config);
    return load()->head_options().logit_scale;
  };
  EXPECT_EQ(scale(t5_config()), 0.25);  // 16^−½
  EXPECT_EQ(scale(t5_config("t5", R"({"tie_word_embeddings":false})")), 1);
  EXPECT_EQ(scale(t5_config("t5", R"({"tie_word_embeddings":true,"scale_decoder_outputs":false})")), 1);
  EXPECT_EQ(scale(t5_config("mt5", R"({"tie_word_embeddings":true})")), 1);
}

TEST_F(EncoderDecoders, AStoredHeadIsUsedWhereItIsNotTheEmbedding) {
  NamedTensors tensors = write_t5(folder_, t5_config());
  const at::Tensor words = tensors.front().second;
  ASSERT_EQ(tensors.front().first, "shared.weight");
  tensors.emplace_back("lm_head.weight", words.clone());
  tensors.emplace_back("encoder.embed_tokens.weight", words.clone());
  save_safetensors(folder_ / "model.safetensors", tensors);
  EXPECT_TRUE(at::equal(load()->head_weight(), words));
  const int64_t tied = load()->num_parameters();
  tensors[tensors.size() - 2].second = words + 1;
  save_safetensors(folder_ / "model.safetensors", tensors);
  EXPECT_TRUE(at::equal(load()->head_weight(), words + 1));
  EXPECT_EQ(load()->num_parameters(), tied + words.numel());
}

TEST_F(EncoderDecoders, RefusesWhatItDoesNotCompute) {
  const auto complaint = [](const Json& config) -> std::string {
    try {
      make_t5(ConfigReader(config, "config.json", 100));
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  };
  EXPECT_THAT(complaint(t5_config("t5", R"({"feed_forward_proj":"gated-mish"})")), HasSubstr("gated-mish"));
  EXPECT_THAT(complaint(t5_config("t5", R"({"num_decoder_layers":1000})")), HasSubstr("room for 100"));
  EXPECT_THAT(complaint(t5_config("t5", R"({"decoder_start_token_id":31})")), HasSubstr("is 31 of 30"));
}

}  // namespace
}  // namespace xlt
