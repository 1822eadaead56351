// SPDX-License-Identifier: Apache-2.0
#include "models/post_norm_encoder.h"

#include <algorithm>
#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/tensor.h>

#include "xlt/base/error.h"
#include "xlt/checkpoint/weight_source.h"
#include "xlt/nn/token_batch.h"
#include "xlt/ops/scalar_type.h"

namespace xlt {

namespace {

LayerNorm norm_of(const EncoderConfig& config) {
  return {weight_shape({config.hidden_size}), weight_shape({config.hidden_size}), config.layer_norm_eps};
}

EncoderLayer layer_of(const EncoderConfig& config) {
  const int64_t hidden = config.hidden_size, heads = config.num_attention_heads * config.head_dim;
  const auto linear = [](int64_t out, int64_t in) { return linear_shape(out, in, /*has_bias=*/true); };
  return {.query = linear(heads, hidden),
          .key = linear(heads, hidden),
          .value = linear(heads, hidden),
          .dense = linear(hidden, heads),
          .attention_norm = norm_of(config),
          .mlp = {linear(config.intermediate_size, hidden), linear(hidden, config.intermediate_size),
                  config.activation},
          .output_norm = norm_of(config)};
}

}  // namespace

void EncoderLayer::visit(PartVisitor& visitor, const std::string& prefix, const std::string& projection) {
  visitor.linear(prefix + "attention.self.query" + projection, query);
  visitor.linear(prefix + "attention.self.key" + projection, key);
  visitor.linear(prefix + "attention.self.value" + projection, value);
  visitor.linear(prefix + "attention.output.dense", dense);
  visit_norm(visitor, prefix + "attention.output.LayerNorm", attention_norm);
  visitor.linear(prefix + "intermediate.dense", mlp.up);
  visitor.linear(prefix + "output.dense", mlp.down);
  visit_norm(visitor, prefix + "output.LayerNorm", output_norm);
}

PostNormEncoder::PostNormEncoder(const EncoderConfig& config, EncoderNames names,
                                 HeadActivation head_activation)
    : Encoder(config),
      encoder_(config),
      prefix_(names.prefix),
      names_(std::move(names)),
      head_activation_(head_activation),
      embedding_norm_(norm_of(config)) {
  words_ = weight_shape({config.vocab_size, config.hidden_size});
  if (config.num_positions > 0) positions_ = weight_shape({config.num_positions, config.hidden_size});
  if (config.num_types > 0) types_ = weight_shape({config.num_types, config.hidden_size});
  for (int64_t i = 0; i < config.num_hidden_layers; ++i) layers_.push_back(layer_of(config));
}

void PostNormEncoder::add_head(int64_t num_labels) {
  head_dense_ = linear_shape(config_.hidden_size, config_.hidden_size, /*has_bias=*/true);
  head_out_ = linear_shape(num_labels, config_.hidden_size, /*has_bias=*/true);
}

void PostNormEncoder::name_as_in(const WeightSource& weights) {
  if (!head_dense_ && weights.has("embeddings.word_embeddings.weight")) prefix_.clear();
}

// Heads of other tasks, and the pooler, which nobody but BERT's own head reads.
bool PostNormEncoder::ignores(const std::string& stored_name) const {
  if (stored_name.starts_with(prefix_ + "pooler.")) return true;
  return !head_dense_ && !stored_name.starts_with(prefix_);
}

void PostNormEncoder::visit(PartVisitor& visitor) {
  const std::string embeddings = prefix_ + "embeddings.";
  visitor.tensor(embeddings + "word_embeddings.weight", words_, TensorRole::kEmbedding);
  if (positions_.defined())
    visitor.tensor(embeddings + "position_embeddings.weight", positions_, TensorRole::kEmbedding);
  if (types_.defined())
    visitor.tensor(embeddings + "token_type_embeddings.weight", types_, TensorRole::kEmbedding);
  visit_norm(visitor, embeddings + "LayerNorm", embedding_norm_);
  for (size_t i = 0; i < layers_.size(); ++i)
    layers_[i].visit(visitor, str_cat(prefix_, "encoder.layer.", i, "."), names_.projection);
  if (!head_dense_) return;
  visitor.linear((names_.head_dense_has_prefix ? prefix_ : "") + names_.head_dense, *head_dense_);
  visitor.linear(names_.head_out, *head_out_);
}

std::vector<int64_t> PostNormEncoder::position_rows(const TokenBatch& batch) const {
  return batch.position_ids();
}

LayerState PostNormEncoder::embed(const TokenBatch& batch) const {
  check_roots(batch);
  at::Tensor x = embed_rows(words_, batch, placement().dtype);
  if (types_.defined()) x = x + types_[0].to(x.scalar_type());
  if (positions_.defined()) {
    const auto rows = position_rows(batch);
    const int64_t last = *std::max_element(rows.begin(), rows.end());
    XLT_CHECK(last < positions_.size(0), "position ", last, " of ", positions_.size(0));
    const at::Tensor index = at::tensor(at::ArrayRef<int64_t>(rows), at::kLong).to(positions_.device());
    x = x + at::index_select(positions_, 0, index).to(x.scalar_type());
  }
  return {embedding_norm_.forward(x), {}};
}

Heads PostNormEncoder::project(const EncoderLayer& layer, const at::Tensor& x, const LayerPass& pass) const {
  const auto heads = [&](const Linear& linear) {
    return linear.forward(x, pass.dropout).view({-1, config_.num_attention_heads, config_.head_dim});
  };
  return {heads(layer.query), heads(layer.key), heads(layer.value)};
}

at::Tensor PostNormEncoder::mix(int64_t index, const at::Tensor& x, const LayerPass& pass) const {
  const double scale = 1.0 / std::sqrt(static_cast<double>(config_.head_dim));
  return attend(project(layers_[index], x, pass), pass, {.scale = scale, .is_causal = false}, index);
}

LayerState PostNormEncoder::layer(int64_t index, LayerState state, LayerPass& pass) const {
  const EncoderLayer& layer = layers_[index];
  const at::Tensor mixed = mix(index, state.x, pass);
  const auto dropout = pass.dropout_kept(index);
  const at::Tensor attended =
      layer.attention_norm.forward(layer.dense.forward(mixed, dropout), pass.kept(state.x, index)).second;
  state.x = layer.output_norm.forward(layer.mlp.forward(attended, dropout), attended).second;
  return state;
}

at::Tensor PostNormEncoder::classify(const TokenBatch& batch) const {
  XLT_CHECK(head_dense_, "the encoder has no classification head");
  std::vector<int64_t> first;
  for (const Segment& segment : batch.segments()) first.push_back(segment.begin);
  at::Tensor x = head_dense_->forward(forward(batch, first), {});
  // In float64, so that a rounding where vectors end does not show.
  if (head_activation_ == HeadActivation::kTanh) x = at::tanh(x.to(at::kDouble)).to(x.scalar_type());
  if (head_activation_ == HeadActivation::kGelu) x = ops::activation(x, ops::Activation::kGelu);
  return head_out_->forward(x, {});
}

}  // namespace xlt
