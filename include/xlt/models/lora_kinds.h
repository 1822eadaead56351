// SPDX-License-Identifier: Apache-2.0
// Kinds of LoRA, and several adapters at once.
#pragma once

#include <filesystem>
#include <span>

#include "xlt/models/lora.h"

namespace xlt {

struct LoraKind {
  bool use_rslora =
      false;  // scaled by alpha / √r instead of alpha / r (Kalajdzievski 2023, arXiv 2312.03732)
  bool use_dora = false;  // and the length of each row of a weight apart (Liu et al. 2024, arXiv 2402.09353)
};
void attach_lora(WeightedModel& model, const LoraOptions& options, const LoraKind& kind, Rng rng);

// Several adapters, for merging: what the model gets is the sum of their products, times `scale` (task
// arithmetic: Ilharco et al. 2023, arXiv 2212.04089; −1 takes away what one has learnt). Throws kUnsupported
// for DoRA but for one alone of scale 1, and as load_lora.
void load_loras(WeightedModel& model, std::span<const std::filesystem::path> folders, double scale);

}  // namespace xlt
