// SPDX-License-Identifier: Apache-2.0
// What holds of every family, whatever it computes: a text gives the same alone and in a forest, token by
// token through the cache, and with few rows read; its folder is saved and loads again, adapters too.
#include "models/family.h"
#include "scratch_folder.h"

#include <cmath>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/base/rng.h"
#include "xlt/checkpoint/adapter.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/checkpoint/safetensors.h"
#include "xlt/models/decoder.h"
#include "xlt/nn/kv_cache.h"
#include "xlt/nn/linear.h"
#include "xlt/nn/lora_adapter.h"
#include "xlt/nn/token_batch.h"

namespace xlt {
namespace {

using Ids = std::vector<int64_t>;
constexpr int64_t kFamilyVocab = 50;

// Keys of one family among others' do no harm. Windows are shorter than the texts below.
Json config_of(const std::string& family) {
  Json text = Json::parse(R"({"vocab_size":50,"hidden_size":32,"intermediate_size":48,"num_hidden_layers":3,
    "num_attention_heads":4,"num_key_value_heads":2,"head_dim":8,"rms_norm_eps":1e-6,"initializer_range":0.2,
    "query_pre_attn_scalar":20,"sliding_window":4,"sliding_window_pattern":3,"no_rope_layer_interval":2,
    "use_qk_norm":true,"use_sliding_window":true,"max_window_layers":1,"partial_rotary_factor":1.0})");
  if (family == "phi3") text["partial_rotary_factor"] = 0.5;
  text["model_type"] = family;
  if (family != "gemma3") return text;
  text["model_type"] = "gemma3_text";
  return {{"model_type", family}, {"text_config", text}};
}

class EveryFamily : public testing::TestWithParam<const char*> {
 protected:
  EveryFamily() : config_(config_of(GetParam())) {
    const fs::path file = folder_.path() / "config.json";
    write_file(file, dump_json(config_));
    decoder_ = make_decoder(file, 0, Placement{}, Rng(1));
    const at::NoGradGuard no_grad;
    Rng rng(5);
    for (const NamedParameter& parameter : decoder_->parameters())  // norms and biases away from their start
      if (parameter.role != TensorRole::kMatrix && parameter.role != TensorRole::kEmbedding)
        for (int64_t i = 0; i < parameter.tensor->numel(); ++i)
          parameter.tensor->mutable_data_ptr<float>()[i] += static_cast<float>(0.1 * rng.normal());
  }
  Ids text(int64_t length) const {
    Ids ids(length);
    Rng rng(4);
    for (int64_t& id : ids) id = rng.below(kFamilyVocab);
    return ids;
  }
  at::Tensor hidden_of(const Decoder& decoder, const Ids& ids) const {
    TokenBatch batch;
    batch.add(ids);
    return decoder.forward(batch, nullptr);
  }

  const ScratchFolder folder_;
  Json config_;
  std::unique_ptr<Decoder> decoder_;
};

TEST_P(EveryFamily, ATextIsTheSameBitsAloneAndInAForest) {
  const at::NoGradGuard no_grad;
  const Ids ids = text(12);
  const at::Tensor alone = hidden_of(*decoder_, ids);
  TokenBatch batch;
  batch.add(text(5));
  const int64_t prompt = batch.add(std::span(ids).first(7));
  batch.add(Ids{3, 1, 4}, prompt);
  batch.add(std::span(ids).subspan(7), prompt);
  const at::Tensor together = decoder_->forward(batch, nullptr);
  EXPECT_TRUE(at::equal(together.narrow(0, 5, 7), alone.narrow(0, 0, 7)));
  EXPECT_TRUE(at::equal(together.narrow(0, 15, 5), alone.narrow(0, 7, 5)));
  EXPECT_TRUE(at::equal(decoder_->forward(batch, nullptr, Ids{19, 6}),
                        together.index_select(0, at::tensor({19, 6}))));
}

TEST_P(EveryFamily, DecodesThroughTheCache) {
  const at::NoGradGuard no_grad;
  const Ids ids = text(12);
  const at::Tensor expected = hidden_of(*decoder_, ids);
  const auto cache = decoder_->make_cache(30);
  TokenBatch prompt;
  prompt.add_cached(std::span(ids).first(5), {}, 10);
  EXPECT_LT((decoder_->forward(prompt, cache.get()) - expected.narrow(0, 0, 5)).abs().max().item<float>(),
            1e-5f);
  for (int64_t t = 5; t < 12; ++t) {
    TokenBatch step;
    std::vector<ops::Span> cached{{10, 5}};
    if (t > 5) cached.push_back({20, t - 5});
    step.add_cached(std::span(ids).subspan(t, 1), cached, 20 + t - 5);
    EXPECT_LT((decoder_->forward(step, cache.get())[0] - expected[t]).abs().max().item<float>(), 1e-5f) << t;
  }
}

TEST_P(EveryFamily, ItsFolderLoadsToTheSameBitsAndSoDoesItsAdapter) {
  attach_lora(*decoder_, {.r = 3, .alpha = 6}, Rng(2));
  {
    const at::NoGradGuard no_grad;
    for (const NamedLinear& named : decoder_->linears()) lora_of(*named.linear)->b.uniform_(-0.2, 0.2);
  }
  save_model(*decoder_, config_, folder_.path() / "model");
  save_lora(*decoder_, folder_.path() / "adapter", "base");
  const auto loaded = load_decoder(folder_.path() / "model", Placement{}, Context{});
  load_lora(*loaded, folder_.path() / "adapter");
  const at::NoGradGuard no_grad;
  EXPECT_TRUE(at::equal(hidden_of(*loaded, text(12)), hidden_of(*decoder_, text(12))));
}

// A directional derivative by differences: gradients pass every norm, rotation and product.
TEST_P(EveryFamily, GradientsOfAdaptersAreThoseOfDifferences) {
  attach_lora(*decoder_, {.r = 2, .alpha = 4}, Rng(2));
  std::vector<at::Tensor> factors;
  for (const NamedLinear& named : decoder_->linears()) {
    LoraAdapter& lora = *lora_of(*named.linear);
    const at::NoGradGuard no_grad;
    lora.b.uniform_(-0.2, 0.2);
    factors.insert(factors.end(), {lora.a, lora.b});
  }
  const Ids ids = text(12);
  const at::Tensor slope = at::linspace(-1, 1, 12 * 32).sin().view({12, 32});
  const auto value = [&] { return (hidden_of(*decoder_, ids) * slope).sum(); };
  value().backward();
  for (size_t i = 0; i < factors.size(); ++i) {
    const at::NoGradGuard no_grad;
    const at::Tensor direction = at::randn_like(factors[i]), before = factors[i].clone();
    constexpr double kStep = 2e-3;
    factors[i].copy_(before + kStep * direction);
    const double above = value().item<double>();
    factors[i].copy_(before - kStep * direction);
    const double below = value().item<double>();
    factors[i].copy_(before);
    const double expected = (above - below) / (2 * kStep),
                 found = (factors[i].grad() * direction).sum().item<double>();
    EXPECT_NEAR(found, expected, 2e-2 * (1 + std::abs(expected))) << i;
  }
}

// Two devices that are both the CPU. While one has the hidden states, the weights of the other are NaN.
TEST_P(EveryFamily, ADeviceReadsNothingOfAnother) {
  const at::NoGradGuard no_grad;
  save_model(*decoder_, config_, folder_.path() / "model");
  const auto mapped =
      load_decoder(*open_model_source(folder_.path() / "model"), std::vector<Placement>(2), Context{});
  DeviceMap map = mapped->device_map();
  std::vector<at::Tensor> weights;
  for (const NamedParameter& parameter : mapped->parameters()) weights.push_back(*parameter.tensor);
  const auto show = [&](int64_t device) {
    auto weight = weights.begin();
    for (const NamedParameter& parameter : mapped->parameters()) {
      const bool is_there = map.device_of(mapped->layer_reading(parameter)) == device;
      *parameter.tensor = is_there ? *weight : at::full_like(*weight, NAN);
      ++weight;
    }
  };
  std::vector<std::pair<int64_t, int64_t>> moves;
  map.on_move = [&](int64_t from, int64_t to) {
    moves.emplace_back(from, to);
    show(to);
  };
  mapped->set_device_map(map);
  const int64_t first = map.device_of(DeviceMap::kEmbedding);
  const bool is_tied = mapped->config().tie_word_embeddings;
  EXPECT_EQ(first, is_tied ? 1 : 0);
  std::vector<std::pair<int64_t, int64_t>> expected{{0, 1}};
  if (is_tied) expected.insert(expected.begin(), {1, 0});
  show(first);
  EXPECT_TRUE(at::equal(hidden_of(*mapped, text(12)), hidden_of(*decoder_, text(12))));
  EXPECT_EQ(moves, expected);
  EXPECT_TRUE(at::equal(mapped->head_weight(), decoder_->head_weight()));
  const auto cache = mapped->make_cache(12), whole = decoder_->make_cache(12);
  TokenBatch prompt;
  prompt.add_cached(text(5), {}, 0);
  show(first);
  moves.clear();
  EXPECT_TRUE(at::equal(mapped->forward(prompt, cache.get(), Ids{4}),
                        decoder_->forward(prompt, whole.get(), Ids{4})));
  EXPECT_EQ(moves, expected);
}

TEST_P(EveryFamily, GradientsPassFromDeviceToDeviceAsTheSameBits) {
  const fs::path file = folder_.path() / "config.json";
  const auto alone = make_decoder(file, 0, Placement{}, Rng(1)),
             mapped = make_decoder(file, 0, std::vector<Placement>(3), Rng(1), Context{});
  mapped->set_gradient_checkpointing(true);
  int64_t num_moves = 0;
  DeviceMap map = mapped->device_map();
  map.on_move = [&](int64_t, int64_t) { ++num_moves; };
  mapped->set_device_map(map);
  for (Decoder* decoder : {alone.get(), mapped.get()}) {
    attach_lora(*decoder, {.r = 2, .alpha = 4, .dropout = 0.2}, Rng(2));
    TokenBatch batch;
    batch.add(text(12));
    batch.set_dropout(3);
    decoder->forward(batch, nullptr, Ids{7, 11}).sum().backward();
  }
  EXPECT_EQ(num_moves, mapped->config().tie_word_embeddings ? 3 : 2);  // none again in the backward pass
  const auto expected = alone->linears(), found = mapped->linears();
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_TRUE(at::equal(lora_of(*found[i].linear)->b.grad(), lora_of(*expected[i].linear)->b.grad()))
        << expected[i].name;
}

std::vector<const char*> names() {
  std::vector<const char*> list;
  for (const DecoderFamily& family : decoder_families()) list.push_back(family.name);
  return list;
}

INSTANTIATE_TEST_SUITE_P(Table, EveryFamily, testing::ValuesIn(names()),
                         [](const auto& info) { return std::string(info.param); });

// A wrapper's adapter has a wrapper's names, which are those of the model inside, in both of their spellings.
TEST(Wrapper, AdaptersGoByItsNames) {
  const ScratchFolder folder;
  const fs::path file = folder.path() / "config.json";
  write_file(file, dump_json(config_of("gemma3")));
  auto wrapped = make_decoder(file, 0, Placement{}, Rng(1)),
       other = make_decoder(file, 0, Placement{}, Rng(1));
  attach_lora(*wrapped, {.r = 2, .alpha = 4}, Rng(2));
  save_lora(*wrapped, folder.path() / "adapter", "base");
  Adapter adapter = load_adapter(folder.path() / "adapter");
  ASSERT_TRUE(adapter.modules.contains("model.language_model.layers.0.self_attn.q_proj"));
  // The older spelling, and a vision tower's modules, which are passed over.
  const auto pair = adapter.modules.at("model.language_model.layers.0.self_attn.q_proj");
  adapter.modules = {{"language_model.model.layers.0.self_attn.q_proj", pair},
                     {"vision_tower.vision_model.encoder.layers.0.mlp.fc1", pair}};
  save_adapter(folder.path() / "older", adapter);
  load_lora(*other, folder.path() / "older");
  EXPECT_TRUE(at::equal(lora_of(*other->linears().front().linear)->a,
                        lora_of(*wrapped->linears().front().linear)->a));
}

// Folders that hold a model without its head name no base.
TEST(LoadDecoder, TakesNamesWithoutTheModelsOwnPrefix) {
  const ScratchFolder folder;
  const fs::path file = folder.path() / "config.json";
  write_file(file, dump_json(config_of("gpt2")));
  auto decoder = make_decoder(file, 0, Placement{}, Rng(1));
  save_model(*decoder, load_json(file), folder.path() / "model");
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (const NamedParameter& parameter : decoder->parameters())
    tensors.emplace_back(parameter.name.substr(std::string_view("transformer.").size()),
                         parameter.transposed ? parameter.tensor->t() : *parameter.tensor);
  tensors.emplace_back("h.0.attn.bias", at::ones({1, 1, 8, 8}));
  save_safetensors(folder.path() / "model" / "model.safetensors", tensors);
  const auto loaded = load_decoder(folder.path() / "model", Placement{}, Context{});
  for (size_t i = 0; i < decoder->parameters().size(); ++i)
    EXPECT_TRUE(at::equal(*loaded->parameters()[i].tensor, *decoder->parameters()[i].tensor)) << i;
}

}  // namespace
}  // namespace xlt
