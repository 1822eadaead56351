// SPDX-License-Identifier: Apache-2.0
// What goes from layer to layer, and what all layers of one pass share.
#pragma once

#include "models/rope_parameters.h"

#include <map>
#include <memory>

#include <ATen/core/Tensor.h>

#include "xlt/models/layered_model.h"
#include "xlt/nn/attention.h"
#include "xlt/ops/elementwise/rope.h"

namespace xlt {

struct LayerState {
  at::Tensor x;  // [N, C] the residual stream
  // [N, C] x normalised for what comes next, where a family adds and normalises in one pass; else undefined
  at::Tensor normed;
};

// One forward pass: attention's plan, the cache, the rows that are read.
class LayerPass : public ForwardPass {
 public:
  LayerPass(const TokenBatch& batch, KvCache* cache, const LayeredModel::Rows& rows, int64_t num_layers,
            at::Device device);
  // The same pass for layers on another device, with what it worked out so far.
  std::shared_ptr<LayerPass> on(at::Device device) const;
  // cos and sin of the batch's positions: worked out at the first call for `rope`, which outlives the pass.
  // Undefined where it turns nothing.
  const ops::RopeAngles& angles(const RopeParameters& rope);
  // ops::alibi_slopes on the model's device, worked out at the first call.
  const at::Tensor& alibi_slopes(int64_t num_heads);

 private:
  const TokenBatch& batch_;
  at::Device device_;
  std::map<const RopeParameters*, ops::RopeAngles> angles_;
  at::Tensor slopes_;
};

}  // namespace xlt
