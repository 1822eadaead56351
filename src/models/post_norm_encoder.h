// SPDX-License-Identifier: Apache-2.0
// The encoder of BERT and its relatives, by what they differ in: embeddings that are summed and normalised,
// layers that normalise after attention and after the MLP, a classification head on the first token.
#pragma once

#include "models/config_reader.h"
#include "models/layer_pass.h"
#include "models/parts.h"

#include <optional>
#include <string>
#include <vector>

#include "xlt/models/encoder.h"
#include "xlt/nn/layer_norm.h"
#include "xlt/nn/mlp.h"

namespace xlt {

struct EncoderConfig : ModelConfig {
  int64_t intermediate_size = 0;
  int64_t num_positions = 0;  // rows of the table of positions; 0: none
  int64_t num_types = 0;      // of token types, of which texts are the first; 0: none
  double layer_norm_eps = 1e-12;
  ops::Activation activation = ops::Activation::kGelu;
};
EncoderConfig read_encoder_config(const ConfigReader& json);

// Names on disk.
struct EncoderNames {
  std::string prefix;      // before the encoder's own tensors where a head is beside them: "bert."
  std::string projection;  // after query, key and value: "" or "_proj"
  std::string head_dense, head_out;
  bool head_dense_has_prefix = false;  // BERT's pooler is part of the encoder
};
// Between the head's two layers.
enum class HeadActivation { kTanh, kGelu };

struct EncoderLayer {
  Linear query, key, value, dense;
  LayerNorm attention_norm;
  Mlp mlp;
  LayerNorm output_norm;
  void visit(PartVisitor& visitor, const std::string& prefix, const std::string& projection);
};

class PostNormEncoder : public Encoder {
 public:
  PostNormEncoder(const EncoderConfig& config, EncoderNames names, HeadActivation head_activation);
  at::Tensor classify(const TokenBatch& batch) const override;
  void add_head(int64_t num_labels) override;
  void name_as_in(const WeightSource& weights) override;
  bool ignores(const std::string& stored_name) const override;

 protected:
  LayerState embed(const TokenBatch& batch) const override;
  LayerState layer(int64_t index, LayerState state, LayerPass& pass) const override;
  at::Tensor final_norm(LayerState state) const override { return state.x; }
  void visit(PartVisitor& visitor) override;

  // Rows of the table of positions for the batch's tokens.
  virtual std::vector<int64_t> position_rows(const TokenBatch& batch) const;
  // x [N, C] → the heads' mixed values, [N, H·D], or of the rows that are read.
  virtual at::Tensor mix(int64_t index, const at::Tensor& x, const LayerPass& pass) const;
  Heads project(const EncoderLayer& layer, const at::Tensor& x, const LayerPass& pass) const;

  EncoderConfig encoder_;
  std::string prefix_;  // of this checkpoint
  std::vector<EncoderLayer> layers_;

 private:
  EncoderNames names_;
  HeadActivation head_activation_;
  at::Tensor words_, positions_, types_;  // [V, C], [P, C], [types, C]
  LayerNorm embedding_norm_;
  std::optional<Linear> head_dense_, head_out_;
};

}  // namespace xlt
