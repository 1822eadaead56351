// SPDX-License-Identifier: Apache-2.0
// The oracle of packing: a padded [B, T] forward pass with mask tensors, in plain ATen, from config.json and
// the weights. It shares nothing with `nn` and `ops`, and with the families only how rotation rates are read.
#pragma once

#include "models/layer_types.h"
#include "models/rope_parameters.h"

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "xlt/base/error.h"
#include "xlt/base/json.h"
#include "xlt/models/decoder.h"
#include "xlt/nn/linear.h"
#include "xlt/nn/lora_adapter.h"

namespace xlt {

class DenseForward {
 public:
  DenseForward(Decoder& decoder, const Json& json)
      : config_(decoder.config()), is_gemma_(config_.model_type == "gemma3_text") {
    const ConfigReader reader(json, "config.json", /*most_layers=*/1000);
    eps_ = reader.positive("rms_norm_eps", 1e-6);
    scale_ = 1 / std::sqrt(reader.positive("query_pre_attn_scalar", static_cast<double>(config_.head_dim)));
    window_ = reader.size_or_none("sliding_window", 0);
    types_ = read_layer_types(reader, config_.num_hidden_layers);
    if (types_.empty())
      types_.assign(config_.num_hidden_layers,
                    window_ > 0 ? LayerType::kSlidingAttention : LayerType::kFullAttention);
    ModelConfig config = config_;
    ropes_ = read_ropes(reader, config, 10000.0);
    for (const NamedParameter& parameter : decoder.parameters()) weights_[parameter.name] = *parameter.tensor;
    for (const NamedLinear& linear : decoder.linears()) linears_[linear.name] = linear.linear;
  }

  // ids [B, T] → the stream before every layer and after the final norm, [B, T, C] each.
  std::vector<at::Tensor> hidden_states(const at::Tensor& ids) const {
    std::vector<at::Tensor> states;
    at::Tensor x = at::embedding(w("model.embed_tokens.weight"), ids);
    if (is_gemma_) x = x * std::sqrt(static_cast<float>(config_.hidden_size));
    for (int64_t i = 0; i < config_.num_hidden_layers; ++i) {
      states.push_back(x);
      const std::string p = str_cat("model.layers.", i, ".");
      at::Tensor mixed = attention(norm(x, p + "input_layernorm.weight"), p + "self_attn.", i);
      x = x + (is_gemma_ ? norm(mixed, p + "post_attention_layernorm.weight") : mixed);
      const at::Tensor y = mlp(
          norm(x, p + (is_gemma_ ? "pre_feedforward_layernorm.weight" : "post_attention_layernorm.weight")),
          p + "mlp.");
      x = x + (is_gemma_ ? norm(y, p + "post_feedforward_layernorm.weight") : y);
    }
    states.push_back(norm(x, "model.norm.weight"));
    return states;
  }

  // Sequences of any lengths, padded on the right with token 0 → log-probabilities of tokens 1 … n − 1 of
  // each.
  std::vector<at::Tensor> log_probabilities(const std::vector<std::vector<int64_t>>& sequences) const {
    int64_t longest = 0;
    for (const auto& ids : sequences) longest = std::max<int64_t>(longest, static_cast<int64_t>(ids.size()));
    at::Tensor ids = at::zeros({static_cast<int64_t>(sequences.size()), longest}, at::kLong);
    for (size_t b = 0; b < sequences.size(); ++b)
      for (size_t t = 0; t < sequences[b].size(); ++t) ids[b][t] = sequences[b][t];
    const at::Tensor logits = forward(ids);
    std::vector<at::Tensor> result;
    for (size_t b = 0; b < sequences.size(); ++b) {
      const int64_t n = static_cast<int64_t>(sequences[b].size());
      const at::Tensor logp = at::log_softmax(logits[b].narrow(0, 0, n - 1), -1);
      result.push_back(logp.gather(1, ids[b].narrow(0, 1, n - 1).unsqueeze(1)).squeeze(1));
    }
    return result;
  }

 private:
  at::Tensor w(const std::string& name) const { return weights_.at(name); }

  at::Tensor norm(const at::Tensor& x, const std::string& name) const {
    const at::Tensor y = x * at::rsqrt(x.pow(2).mean(-1, true) + eps_);
    return is_gemma_ ? y * (1 + w(name)) : y * w(name);
  }

  at::Tensor linear(const at::Tensor& x, const std::string& name) const {
    const Linear& layer = *linears_.at(name);
    at::Tensor y = at::matmul(x, layer.dense_weight(x.scalar_type()).t());
    if (const LoraAdapter* lora = lora_of(layer))
      y = y + at::matmul(at::matmul(x, lora->a.t()), lora->b.t()) * lora->scale;
    return weights_.contains(name + ".bias") ? y + w(name + ".bias") : y;
  }

  // x [B, T, heads·D] → rotated [B, heads, T, D]
  at::Tensor rotated(at::Tensor x, int64_t heads, const std::string& norm_name, LayerType type) const {
    const int64_t D = config_.head_dim, T = x.size(1);
    x = x.view({x.size(0), T, heads, D});
    if (is_gemma_) x = norm(x, norm_name);
    x = x.transpose(1, 2);
    const std::vector<float> inverse =
        (type == LayerType::kFullAttention ? ropes_.full : ropes_.sliding).inverse_frequencies();
    const at::Tensor angles = at::outer(at::arange(T, at::kFloat), at::tensor(at::ArrayRef<float>(inverse)));
    const at::Tensor cos = at::cat({angles.cos(), angles.cos()}, -1),
                     sin = at::cat({angles.sin(), angles.sin()}, -1);
    const at::Tensor half = at::cat({-x.narrow(-1, D / 2, D / 2), x.narrow(-1, 0, D / 2)}, -1);
    return x * cos + half * sin;
  }

  at::Tensor attention(const at::Tensor& x, const std::string& prefix, int64_t layer) const {
    const int64_t H = config_.num_attention_heads, K = config_.num_key_value_heads, T = x.size(1);
    const LayerType type = types_[layer];
    const at::Tensor q = rotated(linear(x, prefix + "q_proj"), H, prefix + "q_norm.weight", type);
    const at::Tensor k =
        rotated(linear(x, prefix + "k_proj"), K, prefix + "k_norm.weight", type).repeat_interleave(H / K, 1);
    const at::Tensor v = linear(x, prefix + "v_proj")
                             .view({x.size(0), T, K, config_.head_dim})
                             .transpose(1, 2)
                             .repeat_interleave(H / K, 1);
    const at::Tensor row = at::arange(T).unsqueeze(1), column = at::arange(T).unsqueeze(0);
    at::Tensor hidden = column > row;
    if (type == LayerType::kSlidingAttention) hidden = hidden.logical_or(column <= row - window_);
    const at::Tensor scores = (at::matmul(q, k.transpose(-1, -2)) * scale_).masked_fill(hidden, -INFINITY);
    return linear(at::matmul(scores.softmax(-1), v).transpose(1, 2).reshape({x.size(0), T, -1}),
                  prefix + "o_proj");
  }

  at::Tensor mlp(const at::Tensor& x, const std::string& prefix) const {
    const at::Tensor gate = linear(x, prefix + "gate_proj");
    const at::Tensor activated = is_gemma_ ? at::gelu(gate, "tanh") : at::silu(gate);
    return linear(activated * linear(x, prefix + "up_proj"), prefix + "down_proj");
  }

  at::Tensor forward(const at::Tensor& ids) const {
    const std::string head = config_.tie_word_embeddings ? "model.embed_tokens.weight" : "lm_head.weight";
    return at::matmul(hidden_states(ids).back(), w(head).t());
  }

  ModelConfig config_;
  bool is_gemma_;
  double eps_, scale_;
  int64_t window_;
  std::vector<LayerType> types_;
  LayerRopes ropes_;
  std::map<std::string, at::Tensor> weights_;
  std::map<std::string, const Linear*> linears_;
};

}  // namespace xlt
