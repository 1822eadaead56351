// SPDX-License-Identifier: Apache-2.0
// Adapters on a whole model: on a quantised base, and with dropout.
#include "scratch_folder.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/models/decoder.h"
#include "xlt/models/lora_kinds.h"
#include "xlt/nn/linear.h"
#include "xlt/nn/lora_adapter.h"
#include "xlt/nn/token_batch.h"

namespace xlt {
namespace {

using Ids = std::vector<int64_t>;

std::unique_ptr<Decoder> tiny(double dropout = 0) {
  static const ScratchFolder folder;
  const auto file = folder.path() / "config.json";
  write_file(file, R"({"model_type":"llama","vocab_size":50,"hidden_size":64,"intermediate_size":96,
    "num_hidden_layers":2,"num_attention_heads":4,"num_key_value_heads":2,"rms_norm_eps":1e-6,"initializer_range":0.2,
    "rope_theta":10000.0})");
  auto decoder = make_decoder(file, 50, Placement{}, Rng(1));
  attach_lora(*decoder, {.r = 3, .alpha = 6, .dropout = dropout}, Rng(2));
  const at::NoGradGuard no_grad;
  for (const NamedLinear& named : decoder->linears()) lora_of(*named.linear)->b.uniform_(-0.2, 0.2);
  return decoder;
}

void copy_adapters(Decoder& from, Decoder& to) {
  const at::NoGradGuard no_grad;
  const auto a = from.linears(), b = to.linears();
  for (size_t i = 0; i < a.size(); ++i) lora_of(*b[i].linear)->b.copy_(lora_of(*a[i].linear)->b);
}

at::Tensor hidden_of(Decoder& decoder, const TokenBatch& batch, const Decoder::Rows& rows = {}) {
  return decoder.forward(batch, nullptr, rows);
}

TEST(QuantizedDecoder, LoraOnNf4TrainsAsOnTheDequantizedWeights) {
  auto quantized = tiny(), dequantized = tiny();
  copy_adapters(*quantized, *dequantized);
  const auto nf4 = find_entry(quantizations(), "quantization", "nf4").make();
  const auto layers = quantized->linears(), same = dequantized->linears();
  for (size_t i = 0; i < layers.size(); ++i) {
    layers[i].linear->quantize(*nf4);
    same[i].linear->visit_parameters(
        [&](const char*, at::Tensor& weight) { weight = layers[i].linear->dense_weight(at::kFloat); });
  }
  TokenBatch batch;
  const int64_t prompt = batch.add(Ids{1, 2, 3, 4});
  batch.add(Ids{5, 6, 7}, prompt);
  batch.add(Ids{8}, prompt);
  const at::Tensor slope = at::randn({8, 64});
  for (Decoder* decoder : {quantized.get(), dequantized.get()})
    (hidden_of(*decoder, batch) * slope).sum().backward();
  EXPECT_TRUE(hidden_of(*quantized, batch).allclose(hidden_of(*dequantized, batch), 1e-4, 1e-4));
  for (size_t i = 0; i < layers.size(); ++i) {
    const LoraAdapter &mine = *lora_of(*layers[i].linear), &other = *lora_of(*same[i].linear);
    for (const auto& [a, b] : {std::pair{mine.a.grad(), other.a.grad()}, {mine.b.grad(), other.b.grad()}})
      EXPECT_LE((a - b).abs().max().item<double>(), 1e-4 * b.abs().max().item<double>()) << layers[i].name;
  }
}

TEST(QuantizedDecoder, CountsItsWeightsAndRefusesToBeSavedWithoutThem) {
  auto decoder = tiny();
  const int64_t count = decoder->num_parameters();
  decoder->linears().front().linear->quantize(*find_entry(quantizations(), "quantization", "nf4").make());
  EXPECT_EQ(decoder->num_parameters(), count);
  const ScratchFolder folder;
  try {
    save_model(*decoder, Json::object(), folder.path());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUnsupported);
    EXPECT_NE(error.message().find("model.layers.0.self_attn.q_proj"), std::string::npos) << error.message();
  }
}

// The batch is gone before the backward pass, as in training.
std::vector<at::Tensor> gradients_of(Decoder& decoder, bool checkpointing) {
  decoder.set_gradient_checkpointing(checkpointing);
  at::Tensor hidden;
  {
    TokenBatch batch;
    const int64_t prompt = batch.add(Ids{1, 2, 3, 4});
    batch.add(Ids{5, 6, 7}, prompt);
    batch.add(Ids{8}, prompt);
    batch.set_dropout(3);
    hidden = hidden_of(decoder, batch, Ids{3, 4, 7});
  }
  (hidden * at::arange(hidden.numel()).view(hidden.sizes())).sum().backward();
  std::vector<at::Tensor> results{hidden.detach()};
  for (const NamedLinear& named : decoder.linears())
    named.linear->adapter()->visit_tensors([&](const char*, at::Tensor& tensor) {
      results.push_back(tensor.grad());
      tensor.mutable_grad().reset();
    });
  return results;
}

TEST(GradientCheckpointing, GivesTheSameBits) {
  auto decoder = tiny(/*dropout=*/0.5);
  const auto plain = gradients_of(*decoder, false), checkpointed = gradients_of(*decoder, true);
  ASSERT_EQ(plain.size(), 1 + 2 * decoder->linears().size());
  for (size_t i = 0; i < plain.size(); ++i) EXPECT_TRUE(plain[i].equal(checkpointed[i])) << i;
  EXPECT_GT(plain[1].abs().max().item<double>() + plain[2].abs().max().item<double>(), 0);
}

TEST(GradientCheckpointing, OfAllWeightsGivesTheSameBits) {
  const auto gradients = [](bool checkpointing) {
    auto decoder = tiny();
    for (const NamedLinear& named : decoder->linears()) named.linear->detach_adapter();
    train_all_weights(*decoder);
    decoder->set_gradient_checkpointing(checkpointing);
    TokenBatch batch;
    batch.add(Ids{1, 2, 3, 4});
    hidden_of(*decoder, batch).pow(2).sum().backward();
    std::vector<at::Tensor> results;
    for (const NamedParameter& parameter : decoder->parameters())
      if (parameter.tensor->grad().defined()) results.push_back(parameter.tensor->grad());
    return results;
  };
  const auto plain = gradients(false), checkpointed = gradients(true);
  ASSERT_GT(plain.size(), 15u);
  ASSERT_EQ(plain.size(), checkpointed.size());
  for (size_t i = 0; i < plain.size(); ++i) EXPECT_TRUE(plain[i].equal(checkpointed[i])) << i;
}

TEST(Adapters, SeveralAreTheirSumTimesTheScale) {
  const ScratchFolder folder;
  const auto first = folder.path() / "first", second = folder.path() / "second";
  std::vector<at::Tensor> deltas;
  for (const auto& [path, seed] : {std::pair{first, 3u}, {second, 4u}}) {
    auto decoder = tiny();
    at::manual_seed(seed);
    const at::NoGradGuard no_grad;
    for (const NamedLinear& named : decoder->linears()) lora_of(*named.linear)->b.uniform_(-0.2, 0.2);
    const LoraAdapter& lora = *lora_of(*decoder->linears()[2].linear);
    deltas.push_back(at::matmul(lora.b, lora.a) * lora.scale);
    save_lora(*decoder, path, "base");
  }
  auto decoder = tiny();
  load_loras(*decoder, std::vector{first, second}, -0.5);
  const LoraAdapter& sum = *lora_of(*decoder->linears()[2].linear);
  EXPECT_EQ(sum.a.size(0), 6);
  const at::Tensor weight = decoder->linears()[2].linear->dense_weight(at::kFloat);
  EXPECT_TRUE((sum.merged(weight) - weight).allclose(-0.5 * (deltas[0] + deltas[1]), 1e-4, 1e-6));
}

TEST(Adapters, KindsAreSavedAsTheyWereAndComeBack) {
  for (const LoraKind kind : {LoraKind{.use_rslora = true}, LoraKind{.use_dora = true}}) {
    auto decoder = tiny();
    attach_lora(*decoder, {.r = 3, .alpha = 16}, kind, Rng(2));
    LoraAdapter& lora = *lora_of(*decoder->linears().front().linear);
    EXPECT_NEAR(lora.scale, kind.use_rslora ? 16 / std::sqrt(3.0) : 16 / 3.0, 1e-12);
    const at::NoGradGuard no_grad;
    for (const NamedLinear& named : decoder->linears())
      lora_of(*named.linear)->visit_tensors([](const char*, at::Tensor& tensor) {
        tensor.mul_(1.5).add_(0.1);
      });
    const ScratchFolder folder;
    save_lora(*decoder, folder.path(), "base");
    const Json config = load_json(folder.path() / "adapter_config.json");
    EXPECT_EQ(config.at("use_rslora"), kind.use_rslora);
    EXPECT_EQ(config.at("use_dora"), kind.use_dora);
    EXPECT_EQ(config.at("lora_alpha"), 16);
    auto again = tiny();
    load_lora(*again, folder.path());
    TokenBatch batch;
    batch.add(Ids{1, 2, 3});
    EXPECT_TRUE(hidden_of(*again, batch).equal(hidden_of(*decoder, batch)));
    EXPECT_EQ(lora_of(*again->linears().front().linear)->use_rslora, kind.use_rslora);
    if (kind.use_dora) EXPECT_THROW(load_loras(*again, std::vector{folder.path()}, -1), Error);
  }
}

TEST(DropoutOfAdapters, ATextGivesTheSameAloneAndAmongOthersAndWhereFewRowsAreRead) {
  auto decoder = tiny(/*dropout=*/0.5);
  TokenBatch alone, among;
  alone.name_segment(alone.add(Ids{7, 8, 9, 10}), 42);
  among.name_segment(among.add(Ids{1, 2, 3, 4, 5}), 17);
  among.name_segment(among.add(Ids{7, 8, 9, 10}), 42);
  const at::Tensor without = hidden_of(*decoder, alone).detach();
  alone.set_dropout(3);
  among.set_dropout(3);
  const at::Tensor own = hidden_of(*decoder, alone).detach();
  EXPECT_FALSE(own.allclose(without, 1e-2, 1e-2));
  EXPECT_TRUE(own.allclose(hidden_of(*decoder, among).narrow(0, 5, 4), 1e-5, 1e-5));
  EXPECT_TRUE(own.flip(0).narrow(0, 0, 3).allclose(hidden_of(*decoder, among, Ids{8, 7, 6}), 1e-5, 1e-5));
}

}  // namespace
}  // namespace xlt
