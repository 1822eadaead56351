// SPDX-License-Identifier: Apache-2.0
// One of T5's two stacks of layers, and a run of it.
#pragma once

#include "models/layer_pass.h"
#include "models/parts.h"

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "xlt/nn/mlp.h"

namespace xlt {

struct T5Config : ModelConfig {
  int64_t intermediate_size = 0, num_decoder_layers = 0;
  double norm_eps = 1e-6;
  bool is_gated = false;
  ops::Activation activation = ops::Activation::kRelu;
  ops::DistanceBuckets buckets;
};

struct T5Attention {
  RmsNorm norm;
  Linear q, k, v, o;
  // `layer` ends in a dot.
  void visit(PartVisitor& visitor, const std::string& layer, const std::string& name);
};

struct T5Block {
  T5Attention self;
  std::optional<T5Attention> cross;  // the decoder's
  RmsNorm norm;
  std::variant<Mlp, GatedMlp> mlp;
};

struct T5Stack {
  std::vector<T5Block> blocks;
  at::Tensor bias;  // [buckets, H]
  RmsNorm final_norm;

  void visit(PartVisitor& visitor, const std::string& prefix);
};

T5Stack make_t5_stack(const T5Config& config, int64_t num_layers, bool is_decoder);

// What a decoder reads: the encoder's states, and which of them each of its texts sees.
struct T5Source {
  at::Tensor states;
  std::shared_ptr<const ops::AttentionPlan> plan;
};

// Weights are the stack's and the table of words'; they outlive it.
class T5Pass : public LayeredModel {
 public:
  // `source`: the decoder's; none: the encoder.
  T5Pass(const T5Config& config, const at::Tensor& words, const T5Stack& stack,
         std::optional<T5Source> source = {});
  at::Tensor run(const TokenBatch& batch) const;

 protected:
  LayerState embed(const TokenBatch& batch) const override;
  LayerState layer(int64_t index, LayerState state, LayerPass& pass) const override;
  at::Tensor final_norm(LayerState state) const override { return stack_.final_norm.forward(state.x); }
  void visit(PartVisitor&) override {}

 private:
  // `from` [N, C] asks, `to` [S, C] is read → [N, C]
  at::Tensor attend(const T5Attention& attention, const at::Tensor& from, const at::Tensor& to,
                    const std::shared_ptr<const ops::AttentionPlan>& plan,
                    const ops::AttentionOptions& options) const;

  const at::Tensor& words_;
  const T5Stack& stack_;
  std::optional<T5Source> source_;
  ops::AttentionOptions options_;
};

}  // namespace xlt
