// SPDX-License-Identifier: Apache-2.0
// Mistral (Jiang et al. 2023): Llama's decoder with, in some versions, one sliding window in every layer.
#include "models/family.h"
#include "models/llama_decoder.h"
#include "models/parts.h"

#include "xlt/base/json.h"

namespace xlt {

namespace {

class MistralFamily : public ModelFamily {
 public:
  ModelConfig parse(const Json& json, const std::string& where) const override {
    ModelConfig config = parse_common_config(json, where);
    parse_activation(config.hidden_act, where + ": hidden_act");
    const auto type = config.sliding_window > 0 ? LayerType::kSlidingAttention : LayerType::kFullAttention;
    config.layer_types.assign(config.num_hidden_layers, type);
    return config;
  }
  std::unique_ptr<Decoder> make(ModelConfig config) const override {
    return make_llama_decoder(std::move(config));
  }
};

}  // namespace

std::unique_ptr<ModelFamily> make_mistral_family() { return std::make_unique<MistralFamily>(); }

}  // namespace xlt
