// SPDX-License-Identifier: Apache-2.0
// Encoders of every family: the same bits alone and in a batch, names with and without a head, what a config
// may not say; DeBERTa's and RoBERTa's own rules. Values against transformers: tests/parity.
#include "xlt/models/encoder.h"

#include "models/tiny_checkpoints.h"
#include "scratch_folder.h"

#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>

#include "xlt/base/error.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/models/lora.h"
#include "xlt/nn/token_batch.h"

namespace xlt {
namespace {

using ::testing::HasSubstr;
using Ids = std::vector<int64_t>;
const std::vector<Ids> kTexts = {
    {0, 5, 2}, {0, 7, 8, 9, 10, 11, 12, 13, 2}, {0, 5, 6, 7, 2}, {0, 4, 2}, {0, 9, 9, 9, 9, 9, 9, 9, 9, 9,
                                                                             9, 9, 9, 9, 9, 9, 9, 9, 9, 2}};

TokenBatch batch_of(const std::vector<Ids>& texts) {
  TokenBatch batch;
  for (const Ids& ids : texts) batch.add(ids);
  return batch;
}

class Encoders : public ::testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<Encoder> load(int64_t num_labels) const {
    return load_encoder(*open_model_source(folder_), num_labels, Placement{}, Context{});
  }
  std::string complaint_of(const Json& config) const {
    try {
      find_encoder(config.at("model_type"))(ConfigReader(config, "config.json", 100));
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  }
  ScratchFolder scratch_;
  const fs::path folder_ = scratch_.path();
  at::NoGradGuard no_grad_;
};

TEST_P(Encoders, ATextHasTheSameBitsAloneAndInABatch) {
  write_encoder(folder_, encoder_config(GetParam()), 3);
  const auto encoder = load(3);
  const at::Tensor logits = encoder->classify(batch_of(kTexts));
  EXPECT_EQ(logits.sizes(), (Ids{5, 3}));
  const TokenBatch all = batch_of(kTexts);
  const at::Tensor states = encoder->forward(all);
  for (size_t i = 0; i < kTexts.size(); ++i) {
    const TokenBatch alone = batch_of({kTexts[i]});
    EXPECT_TRUE(at::equal(encoder->classify(alone)[0], logits[i])) << i;
    const Segment& segment = all.segments()[i];
    EXPECT_TRUE(at::equal(encoder->forward(alone), states.narrow(0, segment.begin, segment.length))) << i;
  }
}

TEST_P(Encoders, RowsAskedForAreThoseOfTheWhole) {
  write_encoder(folder_, encoder_config(GetParam()), 0);
  const auto encoder = load(0);
  const TokenBatch batch = batch_of(kTexts);
  const at::Tensor some = encoder->forward(batch, Ids{7, 0}), all = encoder->forward(batch);
  EXPECT_TRUE(at::equal(some[0], all[7]));
  EXPECT_TRUE(at::equal(some[1], all[0]));
}

TEST_P(Encoders, AnEarlierTokenSeesALaterOne) {
  write_encoder(folder_, encoder_config(GetParam()), 0);
  const auto encoder = load(0);
  const at::Tensor a = encoder->forward(batch_of({{0, 5, 6, 2}})),
                   b = encoder->forward(batch_of({{0, 5, 7, 2}}));
  EXPECT_GT((a[0] - b[0]).abs().max().item<float>(), 1e-4f);
}

TEST_P(Encoders, AFolderWithAHeadOrAFolderOfTheEncoderAlone) {
  NamedTensors tensors = write_encoder(folder_, encoder_config(GetParam()), 2);
  const at::Tensor states = load(0)->forward(batch_of(kTexts));
  NamedTensors bare;
  for (auto& [name, tensor] : tensors) {
    const size_t dot = name.find('.');
    if (name.find("embeddings.") != std::string::npos || name.find("encoder.") != std::string::npos)
      bare.emplace_back(name.substr(dot + 1), tensor);
  }
  bare.emplace_back("pooler.dense.weight", at::zeros({16, 16}));
  save_safetensors(folder_ / "model.safetensors", bare);
  EXPECT_TRUE(at::equal(load(0)->forward(batch_of(kTexts)), states));
  EXPECT_THROW(load(2), Error);  // no head in it
  EXPECT_TRUE(at::equal(load_layered_model(*open_model_source(folder_), Placement{}, Context{})
                            ->hidden_states(batch_of(kTexts), Ids{2})[0],
                        states));
}

TEST_P(Encoders, TakesAdapters) {
  write_encoder(folder_, encoder_config(GetParam()), 2);
  const auto encoder = load(2);
  const at::Tensor before = encoder->classify(batch_of(kTexts));
  attach_lora(*encoder, {.r = 2, .alpha = 4}, Rng(3));
  EXPECT_TRUE(at::equal(encoder->classify(batch_of(kTexts)), before));
  EXPECT_EQ(merge_lora(*encoder).size(), encoder->linears().size());
}

TEST_P(Encoders, RefusesWhatItDoesNotCompute) {
  EXPECT_THAT(complaint_of(encoder_config(GetParam(), R"({"hidden_act":"mish"})")), HasSubstr("mish"));
  EXPECT_THAT(complaint_of(encoder_config(GetParam(), R"({"is_decoder":true})")), HasSubstr("is_decoder"));
  EXPECT_THAT(complaint_of(encoder_config(GetParam(), R"({"position_embedding_type":"relative_key"})")),
              HasSubstr("relative_key"));
}

INSTANTIATE_TEST_SUITE_P(EveryFamily, Encoders, ::testing::ValuesIn(encoder_names()), [](const auto& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

using OneEncoder = Encoders;
INSTANTIATE_TEST_SUITE_P(Xlmr, OneEncoder, ::testing::Values("xlm-roberta"));

TEST_P(OneEncoder, CountsPositionsFromBehindThePaddingToken) {
  NamedTensors tensors = write_encoder(folder_, encoder_config(GetParam()), 0);
  const auto encoder = load(0);
  EXPECT_EQ(encoder->config().max_position_embeddings, 20);
  // Rows 0 and 1 of the table are never read, but for a padding token that the text spells.
  const TokenBatch batch = batch_of({{0, 5, 6, 2}}), padded = batch_of({{0, 1, 6, 2}});
  const at::Tensor states = encoder->forward(batch), with_pad = encoder->forward(padded);
  for (auto& [name, tensor] : tensors)
    if (name == "roberta.embeddings.position_embeddings.weight") tensor.narrow(0, 0, 2).zero_();
  save_safetensors(folder_ / "model.safetensors", tensors);
  EXPECT_TRUE(at::equal(load(0)->forward(batch), states));
  EXPECT_FALSE(at::equal(load(0)->forward(padded), with_pad));
}

TEST_P(OneEncoder, TwoTextsMayNotShareAPrefix) {
  write_encoder(folder_, encoder_config(GetParam()), 0);
  TokenBatch batch;
  batch.add(Ids{0, 5}, batch.add(Ids{0, 4}));
  EXPECT_THROW(load(0)->forward(batch), Error);
}

TEST_P(OneEncoder, AnUnknownArchitectureNamesTheKnownOnes) {
  write_encoder(folder_, encoder_config(GetParam()), 0);
  Json config = encoder_config(GetParam());
  config["model_type"] = "xlm-robert";
  write_file(folder_ / "config.json", dump_json(config));
  try {
    load(0);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("did you mean \"xlm-roberta\"?"));
  }
}

}  // namespace
}  // namespace xlt
