// SPDX-License-Identifier: Apache-2.0
// On which device each layer of a decoder is, where one device does not hold them all: a run of layers on
// each, in the devices' order.
//
//   DeviceMap map{{gpu0, gpu1}, balance_layers(layer_bytes, free_bytes)};
//   map.device_of(20);   // 1: layer 20 is on gpu1
//
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "xlt/base/placement.h"

namespace xlt {

struct DeviceMap {
  static constexpr int64_t kEmbedding = -1;  // what is read before layer 0
  std::vector<Placement> devices;            // empty: all is on one, the model's placement()
  std::vector<int64_t> first_layers;         // of each device; from 0, rising
  // The head is the embedding (tie_word_embeddings), and both are where the head is: on the last device. The
  // rows that are looked up there move to the first layer's.
  bool ties_head = false;
  // Is told of every move of hidden states, with what all layers share, from one device to another.
  std::function<void(int64_t from, int64_t to)> on_move = {};

  // Index into `devices`; of kEmbedding, of a layer, and, from num_hidden_layers on, of final norm and head.
  int64_t device_of(int64_t layer) const;
};

// The first layer on each device, so that the fullest one, by its share of `free_bytes`, is as empty as can
// be, and none is without a layer; of maps alike in this, the one with most on the first devices, because
// logits are on the last. `layer_bytes`: with each layer what is read beside it (the embedding with the
// first, the head with the last). Throws kUnsupported for more devices than layers.
std::vector<int64_t> balance_layers(std::span<const int64_t> layer_bytes,
                                    std::span<const int64_t> free_bytes);

// Memory that each device has for a model: what is free of a GPU, in equal parts where it is named more than
// once; 1 of each where that is not known, and of CPUs.
std::vector<int64_t> room_of(std::span<const Placement> devices);

std::string name_of(std::span<const Placement> devices);  // "cuda:0,cuda:1"

}  // namespace xlt
