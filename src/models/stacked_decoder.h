// SPDX-License-Identifier: Apache-2.0
// The skeleton of a decoder: token embeddings, layers of one kind, a final norm, and a head, which is the
// embeddings unless the config says otherwise. A family adds what its layer is and how it runs.
#pragma once

#include "models/layer_pass.h"
#include "models/parts.h"

#include <string>
#include <vector>

#include "xlt/models/decoder.h"

namespace xlt {

// Names on disk.
struct StackNames {
  std::string embed_tokens = "model.embed_tokens.weight";
  std::string layers = "model.layers.";  // then the layer's number and a dot
  std::string norm = "model.norm";       // then ".weight"
  std::string lm_head = "lm_head.weight";
};

// A Layer lists its parts: visit(PartVisitor&, prefix). A Norm has a visit_norm.
template <typename Layer, typename Norm = RmsNorm>
class StackedDecoder : public Decoder {
 public:
  const at::Tensor& head_weight() const override {
    return config_.tie_word_embeddings ? embed_tokens_ : lm_head_;
  }
  std::string head_name() const override { return names_.lm_head; }
  void untie_head() override {
    config_.tie_word_embeddings = false;
    lm_head_ = weight_shape({config_.vocab_size, config_.hidden_size});
  }
  int64_t layer_reading(const NamedParameter& parameter) const override {
    const std::string& name = parameter.name;
    if (name.starts_with(names_.layers)) return std::stoll(name.substr(names_.layers.size()));
    const bool is_after = name == names_.lm_head || name.starts_with(names_.norm + ".");
    return is_after ? config_.num_hidden_layers : DeviceMap::kEmbedding;
  }

 protected:
  StackedDecoder(const ModelConfig& config, Norm norm, StackNames names = {})
      : Decoder(config), norm_(std::move(norm)), names_(std::move(names)) {
    embed_tokens_ = weight_shape({config_.vocab_size, config_.hidden_size});
    if (!config_.tie_word_embeddings) untie_head();
  }

  void visit(PartVisitor& visitor) override {
    visitor.tensor(names_.embed_tokens, embed_tokens_, TensorRole::kEmbedding);
    for (size_t i = 0; i < layers_.size(); ++i) layers_[i].visit(visitor, str_cat(names_.layers, i, "."));
    visit_norm(visitor, names_.norm, norm_);
    if (!config_.tie_word_embeddings) visitor.tensor(names_.lm_head, lm_head_, TensorRole::kMatrix);
  }

  at::Tensor embed_tokens_, lm_head_;  // [V, C]
  std::vector<Layer> layers_;
  Norm norm_;

 private:
  StackNames names_;
};

}  // namespace xlt
