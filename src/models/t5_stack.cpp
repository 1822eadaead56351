// SPDX-License-Identifier: Apache-2.0
#include "models/t5_stack.h"

#include <ATen/TensorOperators.h>

#include "xlt/nn/token_batch.h"
#include "xlt/ops/scalar_type.h"

namespace xlt {

namespace {

RmsNorm norm_of(const T5Config& config) {
  return {weight_shape({config.hidden_size}), config.norm_eps, ops::RmsNormCasting::kWeight};
}

T5Attention attention_of(const T5Config& config) {
  const int64_t hidden = config.hidden_size, heads = config.num_attention_heads * config.head_dim;
  return {norm_of(config), linear_shape(heads, hidden), linear_shape(heads, hidden),
          linear_shape(heads, hidden), linear_shape(hidden, heads)};
}

}  // namespace

T5Stack make_t5_stack(const T5Config& config, int64_t num_layers, bool is_decoder) {
  const int64_t hidden = config.hidden_size, inner = config.intermediate_size;
  T5Stack stack;
  for (int64_t i = 0; i < num_layers; ++i) {
    T5Block block{.self = attention_of(config), .cross = {}, .norm = norm_of(config), .mlp = {}};
    if (is_decoder) block.cross = attention_of(config);
    if (config.is_gated)
      block.mlp = make_gated_mlp(hidden, inner, config.activation);
    else
      block.mlp = Mlp{linear_shape(inner, hidden), linear_shape(hidden, inner), config.activation};
    stack.blocks.push_back(std::move(block));
  }
  stack.bias = weight_shape({config.buckets.num_buckets, config.num_attention_heads});
  stack.final_norm = norm_of(config);
  return stack;
}

void T5Attention::visit(PartVisitor& visitor, const std::string& layer, const std::string& name) {
  visitor.linear(layer + name + ".q", q);
  visitor.linear(layer + name + ".k", k);
  visitor.linear(layer + name + ".v", v);
  visitor.linear(layer + name + ".o", o);
  visit_norm(visitor, layer + "layer_norm", norm);
}

void T5Stack::visit(PartVisitor& visitor, const std::string& prefix) {
  for (size_t i = 0; i < blocks.size(); ++i) {
    T5Block& block = blocks[i];
    const std::string layer = str_cat(prefix, "block.", i, ".layer."), last = block.cross ? "2." : "1.";
    block.self.visit(visitor, layer + "0.", "SelfAttention");
    if (i == 0)
      visitor.tensor(layer + "0.SelfAttention.relative_attention_bias.weight", bias, TensorRole::kEmbedding);
    if (block.cross) block.cross->visit(visitor, layer + "1.", "EncDecAttention");
    visit_norm(visitor, layer + last + "layer_norm", block.norm);
    const std::string dense = layer + last + "DenseReluDense.";
    if (auto* plain = std::get_if<Mlp>(&block.mlp)) {
      visitor.linear(dense + "wi", plain->up);
      visitor.linear(dense + "wo", plain->down);
    } else {
      auto& gated = std::get<GatedMlp>(block.mlp);
      visitor.linear(dense + "wi_0", gated.gate_proj);
      visitor.linear(dense + "wi_1", gated.up_proj);
      visitor.linear(dense + "wo", gated.down_proj);
    }
  }
  visit_norm(visitor, prefix + "final_layer_norm", final_norm);
}

T5Pass::T5Pass(const T5Config& config, const at::Tensor& words, const T5Stack& stack,
               std::optional<T5Source> source)
    : LayeredModel(config), words_(words), stack_(stack), source_(std::move(source)) {
  config_.num_hidden_layers = static_cast<int64_t>(stack.blocks.size());
  ops::DistanceBuckets buckets = config.buckets;
  buckets.is_causal = source_.has_value();
  options_ = {.scale = 1.0, .is_causal = buckets.is_causal};
  options_.bias.by_distance = ops::bias_by_distance(stack.bias.t().to(at::kFloat).contiguous(), buckets);
}

at::Tensor T5Pass::run(const TokenBatch& batch) const {
  return run_layers(batch, /*cache=*/nullptr, /*rows=*/{});
}

LayerState T5Pass::embed(const TokenBatch& batch) const {
  return {embed_rows(words_, batch, placement().dtype), {}};
}

LayerState T5Pass::layer(int64_t index, LayerState state, LayerPass& pass) const {
  const T5Block& block = stack_.blocks[index];
  const at::Tensor normed = block.self.norm.forward(state.x);
  state.x = state.x + attend(block.self, normed, normed, pass.plan, options_);
  if (source_)
    state.x = state.x + attend(*block.cross, block.cross->norm.forward(state.x), source_->states,
                               source_->plan, {.scale = 1.0, .is_causal = false});
  const at::Tensor x = block.norm.forward(state.x);
  state.x = state.x + std::visit([&](const auto& mlp) { return mlp.forward(x, {}); }, block.mlp);
  return state;
}

at::Tensor T5Pass::attend(const T5Attention& attention, const at::Tensor& from, const at::Tensor& to,
                          const std::shared_ptr<const ops::AttentionPlan>& plan,
                          const ops::AttentionOptions& options) const {
  const auto heads = [&](const Linear& linear, const at::Tensor& x) {
    return linear.forward(x, {}).view({-1, config_.num_attention_heads, config_.head_dim});
  };
  const at::Tensor mixed = ops::segment_attention(heads(attention.q, from), heads(attention.k, to),
                                                  heads(attention.v, to), plan, options);
  return attention.o.forward(mixed.reshape({from.size(0), -1}), {});
}

}  // namespace xlt
