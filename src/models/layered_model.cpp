// SPDX-License-Identifier: Apache-2.0
// The loop over the layers.
#include "xlt/models/layered_model.h"

#include "models/checkpointed_layer.h"
#include "models/layer_pass.h"

#include <algorithm>
#include <memory>

#include <ATen/core/grad_mode.h>

#include "xlt/base/error.h"
#include "xlt/nn/token_batch.h"
#include "xlt/ops/scalar_type.h"

namespace xlt {

void LayeredModel::check_tokens(std::span<const int64_t> ids) const {
  for (const int64_t id : ids)
    if (id < 0 || id >= config_.vocab_size)
      throw Error(ErrorKind::kCheckpoint,
                  str_cat("the tokenizer gave token ", id, "; the model has ", config_.vocab_size,
                          ": tokenizer and weights are not of one model"),
                  "config.json: vocab_size");
}

void LayeredModel::set_device_map(DeviceMap map) {
  set_placement(map.devices.front());
  device_map_ = std::move(map);
}

Placement LayeredModel::placement_of(int64_t layer) const {
  return device_map_.devices.empty() ? placement() : device_map_.devices[device_map_.device_of(layer)];
}

LayerState LayeredModel::moved(LayerState state, int64_t from, int64_t to) const {
  const at::Device device = tensor_options(device_map_.devices[to]).device();
  for (at::Tensor* part : {&state.x, &state.normed})
    if (part->defined()) *part = part->to(device);
  if (device_map_.on_move) device_map_.on_move(from, to);
  return state;
}

at::Tensor LayeredModel::run_layers(const TokenBatch& batch, KvCache* cache, const Rows& rows,
                                    const Tap& tap) const {
  check_tokens(batch.input_ids());
  const int64_t num_layers = config_.num_hidden_layers;
  int64_t device = device_map_.device_of(DeviceMap::kEmbedding);
  auto pass = std::make_shared<LayerPass>(batch, cache, rows, num_layers,
                                          tensor_options(placement_of(DeviceMap::kEmbedding)).device());
  const bool checkpoints = gradient_checkpointing_ && at::GradMode::is_enabled() && cache == nullptr;
  LayerState state = embed(batch);
  for (int64_t index = 0; index < num_layers; ++index) {
    if (tap && !tap(index, state.x)) return {};
    if (const int64_t next = device_map_.device_of(index); next != device) {
      state = moved(std::move(state), device, next);
      pass = pass->on(tensor_options(placement_of(index)).device());
      device = next;
    }
    // What a pass asks of its batch it asks in the forward pass: the batch may be gone in the backward pass.
    const auto run = [this, index, pass](LayerState given) { return layer(index, std::move(given), *pass); };
    state = checkpoints ? checkpointed(run, std::move(state)) : run(std::move(state));
  }
  at::Tensor normed = final_norm(std::move(state));
  if (tap) tap(num_layers, normed);
  return normed;
}

std::vector<at::Tensor> LayeredModel::hidden_states(const TokenBatch& batch,
                                                    std::span<const int64_t> layers) const {
  const int64_t num_layers = config_.num_hidden_layers;
  int64_t highest = -1;
  for (const int64_t number : layers) {
    XLT_CHECK(number >= 0 && number <= num_layers, "hidden state ", number, " of ", num_layers, " layers");
    highest = std::max(highest, number);
  }
  std::vector<at::Tensor> states(layers.size());
  run_layers(batch, /*cache=*/nullptr, /*rows=*/{}, [&](int64_t number, const at::Tensor& x) {
    for (size_t i = 0; i < layers.size(); ++i)
      if (layers[i] == number) states[i] = x;
    return number < highest;
  });
  return states;
}

}  // namespace xlt
