// SPDX-License-Identifier: Apache-2.0
// Twenty steps of packed batches, prompts computed once for both answers, against twenty of padded ones: a
// [B, T] forward pass in plain ATen, the loss and its update written down here.
#include "models/dense_forward.h"
#include "train/train_testing.h"

#include <cmath>

#include <gmock/gmock.h>

namespace xlt {
namespace {

using ::testing::DoubleNear;
using ::testing::FloatNear;
using ::testing::Pointwise;

constexpr double kRate = 0.3, kBeta = 0.1;
constexpr int64_t kSteps = 20, kBatch = 4;

// Of either family the second has a window shorter than most texts.
Json config_of(const std::string& family) {
  Json config = Json::parse(R"({"model_type":"llama","vocab_size":129,"hidden_size":32,"intermediate_size":48,
    "num_hidden_layers":2,"num_attention_heads":4,"num_key_value_heads":2,"rms_norm_eps":1e-6,"initializer_range":0.2,
    "rope_theta":10000.0})");
  if (family == "gemma")
    config.update(Json::parse(
        R"({"model_type":"gemma3_text","head_dim":16,"query_pre_attn_scalar":20,"sliding_window":4,
      "layer_types":["sliding_attention","full_attention"],"rope_local_base_freq":10000.0})"));
  return config;
}

struct Model {
  explicit Model(const std::string& family) {
    const fs::path file = scratch_folder() / (family + ".json");
    write_file(file, dump_json(config_of(family)));
    decoder = make_decoder(file, 129, Placement{}, Rng(1));
    attach_lora(*decoder, {.r = 3, .alpha = 6}, Rng(2));
  }
  std::vector<at::Tensor> adapter() {
    std::vector<at::Tensor> tensors;
    for (const NamedLinear& named : decoder->linears())
      named.linear->adapter()->visit_tensors(
          [&](const char*, at::Tensor& tensor) { tensors.push_back(tensor); });
    return tensors;
  }
  std::vector<float> values() {
    std::vector<float> values;
    for (const at::Tensor& tensor : adapter())
      values.insert(values.end(), tensor.const_data_ptr<float>(),
                    tensor.const_data_ptr<float>() + tensor.numel());
    return values;
  }
  std::unique_ptr<Decoder> decoder;
};

// Σ log p of each answer, after a prompt of BOS and its letters; [B, 2].
at::Tensor padded_logps(const DenseForward& dense, const std::vector<PreferenceRecord>& pairs) {
  const LetterTokenizer tokenizer;
  std::vector<std::vector<int64_t>> sequences;
  std::vector<at::Tensor> sums;
  for (const PreferenceRecord& pair : pairs)
    for (const std::string& answer : {pair.chosen, pair.rejected}) {
      sequences.push_back(tokenizer.encode(pair.prompt + answer, SpecialTokens::kAdd));
      sequences.back().push_back(LetterTokenizer::kEos);
    }
  const std::vector<at::Tensor> logps = dense.log_probabilities(sequences);
  for (size_t i = 0; i < logps.size(); ++i) {
    const auto num_context =
        static_cast<int64_t>(pairs[i / 2].prompt.size());  // without BOS, which nothing predicts
    sums.push_back(logps[i].narrow(0, num_context, logps[i].size(0) - num_context).sum());
  }
  return at::stack(sums).view({-1, 2});
}

class PackedTraining : public testing::TestWithParam<const char*> {};

TEST_P(PackedTraining, IsThatOfPaddedBatches) {
  Model packed(GetParam()), padded(GetParam());
  TrainFixture fixture("packed_training");
  fixture.job.decoder = packed.decoder.get();
  fixture.job.records.pairs = letter_pairs(kSteps * kBatch);
  fixture.options.method = "dpo";
  fixture.options.optimizer = "sgd";
  fixture.options.learning_rate = kRate;
  fixture.options.batch_size = kBatch;
  fixture.options.max_grad_norm = 0;
  fixture.options.no_shuffle = true;
  fixture.run();

  const DenseForward dense(*padded.decoder, config_of(GetParam()));
  std::vector<double> losses;
  for (int64_t step = 0; step < kSteps; ++step) {
    const auto begin = fixture.job.records.pairs.begin() + step * kBatch;
    const std::vector<PreferenceRecord> pairs(begin, begin + kBatch);
    const Model base(GetParam());  // B is 0 in a new adapter
    const at::Tensor reference =
        padded_logps(DenseForward(*base.decoder, config_of(GetParam())), pairs).detach();
    const at::Tensor ratios = padded_logps(dense, pairs) - reference;
    const at::Tensor loss = -at::log_sigmoid((ratios.select(1, 0) - ratios.select(1, 1)) * kBeta).mean();
    loss.backward();
    losses.push_back(loss.item<double>());
    const at::NoGradGuard no_grad;
    for (at::Tensor& tensor : padded.adapter()) {
      tensor.sub_(tensor.grad(), kRate);
      tensor.mutable_grad().reset();
    }
  }
  EXPECT_GT(std::abs(losses.back() - std::log(2.0)), 1e-3);  // the adapter has moved
  EXPECT_THAT(fixture.losses(), Pointwise(DoubleNear(1e-5), losses));
  EXPECT_THAT(packed.values(), Pointwise(FloatNear(1e-5), padded.values()));
}

INSTANTIATE_TEST_SUITE_P(Families, PackedTraining, testing::Values("llama", "gemma"));

}  // namespace
}  // namespace xlt
