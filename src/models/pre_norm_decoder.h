// SPDX-License-Identifier: Apache-2.0
// A decoder whose layers are x + attention(norm(x)), then x + mlp(norm(x)): Llama and most of its relatives,
// and GPT-2's before them. A family adds its layer and, where they are more than a look-up, its embeddings.
#pragma once

#include "models/stacked_decoder.h"

#include <tuple>

namespace xlt {

inline bool holds(const RmsNorm& norm, const at::Tensor* part) { return part == &norm.weight; }
inline bool holds(const LayerNorm& norm, const at::Tensor* part) {
  return part == &norm.weight || part == &norm.bias;
}

// A Layer has `input_layernorm` and `post_attention_layernorm` (both Norm), `self_attn` and `mlp`, and
// visit(PartVisitor&, prefix).
template <typename Layer, typename Norm = RmsNorm>
class PreNormDecoder : public StackedDecoder<Layer, Norm> {
 public:
  // A layer's first norm is read where the layer before it ends.
  int64_t layer_reading(const NamedParameter& parameter) const override {
    const int64_t layer = StackedDecoder<Layer, Norm>::layer_reading(parameter);
    if (layer < 0 || layer >= this->config_.num_hidden_layers) return layer;
    return holds(this->layers_[layer].input_layernorm, parameter.tensor) ? layer - 1 : layer;
  }

 protected:
  // `rope` of dim 0: positions are not rotations.
  PreNormDecoder(const ModelConfig& config, Norm norm, RopeParameters rope, StackNames names = {})
      : StackedDecoder<Layer, Norm>(config, std::move(norm), std::move(names)), rope_(std::move(rope)) {}

  // [N, C] what the first layer is given
  virtual at::Tensor embedding(const TokenBatch& batch) const {
    return embed_rows(this->embed_tokens_, batch, this->placement().dtype);
  }
  virtual const RopeParameters& rope_of(int64_t /*layer*/) const { return rope_; }

  LayerState embed(const TokenBatch& batch) const final {
    const at::Tensor x = embedding(batch);
    return {x, norm_before(0).forward(x)};
  }
  // Sums and the norms after them are one pass: `normed` is what the next layer, or the head, is given.
  LayerState layer(int64_t index, LayerState state, LayerPass& pass) const final {
    const Layer& layer = this->layers_[index];
    auto& [x, normed] = state;
    const at::Tensor mixed = layer.self_attn.forward(normed, pass, pass.angles(rope_of(index)), index);
    std::tie(x, normed) = layer.post_attention_layernorm.forward(mixed, pass.kept(x, index));
    const at::Tensor out = layer.mlp.forward(normed, pass.dropout_kept(index));
    std::tie(x, normed) = norm_before(index + 1).forward(out, x);
    return state;
  }
  at::Tensor final_norm(LayerState state) const final { return state.normed; }

 private:
  // The norm of what a layer is given, and after the last one, of what the head is given.
  const Norm& norm_before(int64_t index) const {
    return index < this->config_.num_hidden_layers ? this->layers_[index].input_layernorm : this->norm_;
  }

  RopeParameters rope_;
};

}  // namespace xlt
