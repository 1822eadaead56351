// SPDX-License-Identifier: Apache-2.0
// A decoder family with another block layout than any of ours is one function: here attention and MLP side by
// side on one layer norm, and matrices that lie transposed on disk.
#include "models/family.h"
#include "models/stacked_decoder.h"
#include "scratch_folder.h"

#include <cmath>
#include <map>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/file.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/checkpoint/weight_source.h"
#include "xlt/nn/kv_cache.h"
#include "xlt/nn/layer_norm.h"
#include "xlt/nn/token_batch.h"
#include "xlt/ops/head/token_logps.h"

namespace xlt {
namespace {

using Ids = std::vector<int64_t>;

struct ParallelLayer {
  LayerNorm ln;
  Attention attn;
  GatedMlp mlp;

  void visit(PartVisitor& visitor, const std::string& prefix) {
    visit_norm(visitor, prefix + "ln", ln);
    visitor.linear(prefix + "q", attn.q_proj, StoredAs::kInOut);
    visitor.linear(prefix + "k", attn.k_proj, StoredAs::kInOut);
    visitor.linear(prefix + "v", attn.v_proj, StoredAs::kInOut);
    visitor.linear(prefix + "o", attn.o_proj, StoredAs::kInOut);
    visit_gated_mlp(visitor, prefix + "mlp.", mlp);
  }
};

LayerNorm norm_of(const ModelConfig& config) {
  return {weight_shape({config.hidden_size}), weight_shape({config.hidden_size})};
}

class ParallelDecoder : public StackedDecoder<ParallelLayer, LayerNorm> {
 public:
  ParallelDecoder(const ModelConfig& config, int64_t inner, RopeParameters rope)
      : StackedDecoder(config, norm_of(config), {"wte", "h.", "ln_f", "head"}), rope_(std::move(rope)) {
    for (int64_t i = 0; i < config.num_hidden_layers; ++i)
      layers_.push_back({norm_of(config), make_attention(config, {.qkv_bias = true, .o_bias = true}),
                         make_gated_mlp(config.hidden_size, inner, ops::Activation::kSilu)});
  }

 protected:
  LayerState embed(const TokenBatch& batch) const override {
    return {embed_rows(embed_tokens_, batch, placement().dtype), {}};
  }
  LayerState layer(int64_t index, LayerState state, LayerPass& pass) const override {
    const ParallelLayer& layer = layers_[index];
    const at::Tensor normed = layer.ln.forward(state.x);
    const at::Tensor mixed = layer.attn.forward(normed, pass, pass.angles(rope_), index);
    state.x = pass.kept(state.x, index) + mixed +
              layer.mlp.forward(pass.kept(normed, index), pass.dropout_kept(index));
    return state;
  }
  at::Tensor final_norm(LayerState state) const override { return norm_.forward(state.x); }

 private:
  RopeParameters rope_;
};

std::unique_ptr<Decoder> make_parallel(const ConfigReader& config_json) {
  const ConfigReader json = config_json.with_aliases({{"hidden_size", "n_embd"},
                                                      {"num_hidden_layers", "n_layer"},
                                                      {"num_attention_heads", "n_head"},
                                                      {"max_position_embeddings", "n_positions"}});
  ModelConfig config = read_model_config(json);
  config.tie_word_embeddings = true;
  config.logit_scale = json.positive("logit_scale", 1.0);
  return std::make_unique<ParallelDecoder>(config, json.size("n_inner", 4 * config.hidden_size),
                                           read_ropes(json, config, 10000.0).full);
}

const Json kConfig =
    Json::parse(R"({"model_type":"parallel","vocab_size":30,"n_embd":16,"n_layer":2,"n_head":2,
    "n_positions":64,"n_inner":24,"logit_scale":0.25})");

class ToyFamily : public FolderTest {
 protected:
  ToyFamily() {
    at::manual_seed(1);
    const auto decoder = make_parallel(ConfigReader(kConfig, "config.json", 100));
    for (const NamedParameter& parameter : decoder->parameters()) {
      *parameter.tensor = at::randn(parameter.tensor->sizes()) * 0.3;
      if (parameter.role == TensorRole::kNorm) *parameter.tensor += 1;
    }
    save_model(*decoder, kConfig, folder_);
    const Placement cpu;
    decoder_ = load_decoder(make_parallel, *open_model_source(folder_), {&cpu, 1}, Context{});
    for (const NamedParameter& parameter : decoder->parameters()) w_[parameter.name] = *parameter.tensor;
  }

  at::Tensor product(const at::Tensor& x, const std::string& name) const {
    const at::Tensor y = at::matmul(x, w_.at(name + ".weight").t());
    return w_.contains(name + ".bias") ? y + w_.at(name + ".bias") : y;
  }
  at::Tensor norm(const at::Tensor& x, const std::string& name) const {
    return at::layer_norm(x, {16}, w_.at(name + ".weight"), w_.at(name + ".bias"), 1e-5);
  }
  at::Tensor heads(const at::Tensor& x, bool turned) const {
    const at::Tensor y = x.view({-1, 2, 8}).transpose(0, 1);  // [H, T, D]
    if (!turned) return y;
    const at::Tensor rates = at::pow(10000.0, at::arange(0, 8, 2, at::kFloat) / -8.0);
    const at::Tensor angles = at::outer(at::arange(y.size(1), at::kFloat), rates);
    const at::Tensor a = y.narrow(-1, 0, 4), b = y.narrow(-1, 4, 4);
    return at::cat({a * angles.cos() - b * angles.sin(), b * angles.cos() + a * angles.sin()}, -1);
  }
  // The stream before each layer and after the final norm, of one sequence.
  std::vector<at::Tensor> dense(const Ids& ids) const {
    std::vector<at::Tensor> states{w_.at("wte").index_select(0, at::tensor(ids))};
    for (const std::string prefix : {"h.0.", "h.1."}) {
      const at::Tensor x = states.back(), n = norm(x, prefix + "ln");
      const at::Tensor q = heads(product(n, prefix + "q"), true), k = heads(product(n, prefix + "k"), true);
      const at::Tensor scores = at::matmul(q, k.transpose(1, 2)) / std::sqrt(8.0);
      const at::Tensor later = at::ones_like(scores[0]).triu(1).to(at::kBool);
      const at::Tensor mixed = at::matmul(scores.masked_fill(later, -INFINITY).softmax(-1),
                                          heads(product(n, prefix + "v"), false));
      const at::Tensor mlp =
          product(at::silu(product(n, prefix + "mlp.gate_proj")) * product(n, prefix + "mlp.up_proj"),
                  prefix + "mlp.down_proj");
      states.push_back(x + product(mixed.transpose(0, 1).reshape({-1, 16}), prefix + "o") + mlp);
    }
    states.back() = norm(states.back(), "ln_f");
    return states;
  }

  std::unique_ptr<Decoder> decoder_;
  std::map<std::string, at::Tensor> w_;
};

const Ids kIds{3, 1, 4, 1, 5, 9, 2, 6};

TEST_F(ToyFamily, HiddenStatesAreThoseOfTheDenseForward) {
  TokenBatch batch;
  batch.add(Ids{7, 7, 7});
  batch.add(kIds);
  const auto expected = dense(kIds);
  const auto states = decoder_->hidden_states(batch, Ids{0, 1, 2});
  for (size_t i = 0; i < states.size(); ++i)
    EXPECT_LT((states[i].narrow(0, 3, 8) - expected[i]).abs().max().item<float>(), 1e-5f) << i;
  EXPECT_TRUE(at::equal(decoder_->forward(batch, nullptr), states[2]));
  EXPECT_TRUE(at::equal(decoder_->forward(batch, nullptr, Ids{10, 4}),
                        states[2].index_select(0, at::tensor({10, 4}))));
}

TEST_F(ToyFamily, DecodesThroughTheCache) {
  const auto cache = decoder_->make_cache(8);
  const at::Tensor expected = dense(kIds).back();
  for (int64_t t = 0; t < 8; ++t) {
    TokenBatch step;
    step.add_cached(std::span(kIds).subspan(t, 1),
                    t > 0 ? std::vector<ops::Span>{{0, t}} : std::vector<ops::Span>{}, t);
    EXPECT_LT((decoder_->forward(step, cache.get())[0] - expected[t]).abs().max().item<float>(), 1e-5f) << t;
  }
}

TEST_F(ToyFamily, MatricesLieTransposedOnDiskAndTheRestDoesNot) {
  const auto weights = open_model_source(folder_)->weights();
  EXPECT_TRUE(at::equal(weights->get("h.0.q.weight"), w_.at("h.0.q.weight").t()));
  EXPECT_TRUE(at::equal(weights->get("h.1.mlp.up_proj.weight"), w_.at("h.1.mlp.up_proj.weight")));
  for (const NamedParameter& parameter : decoder_->parameters()) {
    EXPECT_TRUE(at::equal(*parameter.tensor, w_.at(parameter.name))) << parameter.name;
    EXPECT_TRUE(parameter.tensor->is_contiguous()) << parameter.name;
  }
}

TEST_F(ToyFamily, ItsLogitScaleReachesTheHead) {
  EXPECT_EQ(decoder_->head_options().logit_scale, 0.25);
  EXPECT_EQ(decoder_->config().max_position_embeddings, 64);
}

}  // namespace
}  // namespace xlt
