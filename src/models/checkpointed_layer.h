// SPDX-License-Identifier: Apache-2.0
// Gradient checkpointing (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost", arXiv
// 1604.06174).
#pragma once

#include "models/layer_pass.h"

#include <functional>

namespace xlt {

using LayerFunction = std::function<LayerState(LayerState)>;

// layer(given), of which autograd keeps `given` alone: the backward pass calls `layer` again, and lets the
// gradients of what it holds (adapters, weights) add up where they belong. `layer` must give the same again.
LayerState checkpointed(const LayerFunction& layer, LayerState given);

}  // namespace xlt
