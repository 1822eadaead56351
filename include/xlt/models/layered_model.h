// SPDX-License-Identifier: Apache-2.0
// A model that is one layer after another on a stream of hidden states. The loop over the layers is here and
// nowhere else, and with it whatever looks at or changes how layers run; a family says how its embeddings,
// one layer and the final norm are computed.
//
//   std::vector<at::Tensor> states = model.hidden_states(batch, {0, 12});   // [N, C] each
//
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "xlt/models/device_map.h"
#include "xlt/models/model_config.h"
#include "xlt/models/weighted_model.h"

namespace xlt {

class KvCache;
class LayerPass;
class TokenBatch;
struct LayerState;

class LayeredModel : public WeightedModel {
 public:
  explicit LayeredModel(ModelConfig config) : config_(std::move(config)) {}
  const ModelConfig& config() const { return config_; }
  // Throws kCheckpoint if one is beyond the vocabulary: the tokenizer is another model's.
  void check_tokens(std::span<const int64_t> ids) const;
  // The stream before layer i, 0 … num_hidden_layers − 1, and, as number num_hidden_layers, what comes out of
  // the final norm: transformers' `output_hidden_states`. [N, C] each, in the order asked; layers above the
  // highest asked are not computed.
  std::vector<at::Tensor> hidden_states(const TokenBatch& batch, std::span<const int64_t> layers) const;

  using Rows = std::optional<std::vector<int64_t>>;

  // Its layers are on several devices, placement() is the first of them; before weights are loaded. Hidden
  // states come from the last one.
  void set_device_map(DeviceMap map);
  const DeviceMap& device_map() const { return device_map_; }
  // Where a layer is, counted as DeviceMap::device_of counts them.
  Placement placement_of(int64_t layer) const;
  Placement placement_of(const NamedParameter& parameter) const override {
    return placement_of(layer_reading(parameter));
  }
  // The layer that reads a parameter, counted so: where it has to be.
  virtual int64_t layer_reading(const NamedParameter& /*parameter*/) const { return DeviceMap::kEmbedding; }

  // On: where gradients are wanted, a layer keeps only what it is given, and is computed once more when its
  // gradients are: less memory, a third more time, the same bits. The model must then outlive the backward
  // pass.
  void set_gradient_checkpointing(bool on) { gradient_checkpointing_ = on; }

 protected:
  // Is shown the stream before each layer and what comes out of the final norm, numbered as above; false: the
  // layers above it are not needed.
  using Tap = std::function<bool(int64_t number, const at::Tensor& x)>;
  // → [N, C] after the final norm, or only `rows` of the batch, in their order; undefined where a tap ended
  // it.
  at::Tensor run_layers(const TokenBatch& batch, KvCache* cache, const Rows& rows, const Tap& tap = {}) const;

  virtual LayerState embed(const TokenBatch& batch) const = 0;
  // Layer `index` (from 0) on the stream. The last one leaves only the rows that are read (LayerPass::kept).
  virtual LayerState layer(int64_t index, LayerState state, LayerPass& pass) const = 0;
  virtual at::Tensor final_norm(LayerState state) const = 0;

  ModelConfig config_;

 private:
  // The stream, on another device of the map.
  LayerState moved(LayerState state, int64_t from, int64_t to) const;

  bool gradient_checkpointing_ = false;
  DeviceMap device_map_;
};

}  // namespace xlt
