// SPDX-License-Identifier: Apache-2.0
// A loaded encoder-decoder: source texts in, states of target texts that read them out. It is scored with,
// not trained.
//
//   at::Tensor encoded = model->encode(sources);
//   at::Tensor hidden = model->decode(targets, sources, encoded, texts);   // [N, C], for head_weight()
//
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "xlt/base/context.h"
#include "xlt/base/placement.h"
#include "xlt/models/model_config.h"
#include "xlt/models/weighted_model.h"

namespace xlt {

namespace ops {
struct HeadOptions;
}

class ModelSource;
class TokenBatch;
struct ModelOutline;  // of encoder.h

class EncoderDecoder : public WeightedModel {
 public:
  // num_hidden_layers is the encoder's.
  explicit EncoderDecoder(ModelConfig config, int64_t start_token_id)
      : config_(std::move(config)), start_token_id_(start_token_id) {}
  const ModelConfig& config() const { return config_; }
  // What every target begins with in place of a token before its first.
  int64_t start_token_id() const { return start_token_id_; }

  // Every text of `sources` is a root. → [N, C] after the final norm
  virtual at::Tensor encode(const TokenBatch& sources) const = 0;
  // The t-th tree of `targets` reads text texts[t] of `sources`, whose states are `encoded`. → [N, C] after
  // the final norm
  virtual at::Tensor decode(const TokenBatch& targets, const TokenBatch& sources, const at::Tensor& encoded,
                            std::span<const int64_t> texts) const = 0;
  virtual const at::Tensor& head_weight() const = 0;  // [V, C]; the embedding where tied
  // A head of its own, as a shape, in place of the embedding; before weights are loaded.
  virtual void untie_head() = 0;
  ops::HeadOptions head_options() const;

 protected:
  ModelConfig config_;

 private:
  int64_t start_token_id_;
};

// As load_decoder. A head that is stored is used where it differs from the embedding, whatever config.json
// says, as transformers does.
std::unique_ptr<EncoderDecoder> load_encoder_decoder(const ModelSource& source, const Placement& where,
                                                     const Context& context);
// What load_encoder_decoder would load; of the weights it reads a head of its own at most. Throws as it does.
ModelOutline outline_encoder_decoder(const ModelSource& source);
// Whether config.json names one.
bool is_encoder_decoder(const ModelSource& source);
std::vector<std::string> encoder_decoder_names();

}  // namespace xlt
