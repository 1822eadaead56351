// SPDX-License-Identifier: Apache-2.0
// A loaded encoder: TokenBatch in, hidden states out; every token of a text sees the whole text. With a
// classification head where one was asked for.
//
//   auto encoder = load_encoder(*open_model_source("models/xlmr-toxicity"), num_labels, placement, context);
//   at::Tensor logits = encoder->classify(batch);   // [S, labels]
//
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "xlt/base/context.h"
#include "xlt/base/placement.h"
#include "xlt/models/layered_model.h"

namespace xlt {

class ModelSource;
class WeightSource;

// config().max_position_embeddings is the longest text, in tokens. Texts of a batch are roots: a prefix that
// two texts share sees what follows it, so it cannot be shared.
class Encoder : public LayeredModel {
 public:
  using LayeredModel::LayeredModel;
  // → [N, C] after the last layer, or only `rows` of the batch, in their order.
  at::Tensor forward(const TokenBatch& batch, const Rows& rows = {}) const;
  // Logits of every text, [S, labels], from its first token. Only after add_head.
  virtual at::Tensor classify(const TokenBatch& batch) const = 0;

  // The family's classification head, as shapes; before weights are loaded.
  virtual void add_head(int64_t num_labels) = 0;
  // A folder of the encoder alone has its tensors without the family's prefix ("roberta."); before weights
  // are loaded.
  virtual void name_as_in(const WeightSource& weights) = 0;

 protected:
  void check_roots(const TokenBatch& batch) const;
};

// As load_decoder. `num_labels` 0: the encoder alone, heads of a checkpoint are passed over.
std::unique_ptr<Encoder> load_encoder(const ModelSource& source, int64_t num_labels, const Placement& where,
                                      const Context& context);
// A decoder or an encoder, whichever config.json names: for those who want hidden states.
std::unique_ptr<LayeredModel> load_layered_model(const ModelSource& source, const Placement& where,
                                                 const Context& context);

// What load_layered_model would load, found out without reading weights. Throws as it does.
struct ModelOutline {
  ModelConfig config;
  int64_t num_tensors = 0, num_parameters = 0;
};
ModelOutline outline_layered_model(const ModelSource& source);

std::vector<std::string> encoder_names();

}  // namespace xlt
