// SPDX-License-Identifier: Apache-2.0
// LoRA adapters (Hu et al. 2021) on any model's linear layers. A decoder's head carries none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "xlt/base/rng.h"
#include "xlt/models/weighted_model.h"

namespace xlt {

struct LoraOptions {
  int64_t r = 64;
  double alpha = 16, dropout = 0;
};
// Draws A as PEFT does (Kaiming-uniform, a = √5), B zero, on every Linear.
void attach_lora(WeightedModel& model, const LoraOptions& options, Rng rng);
// PEFT folder → model (throws kCheckpoint if a module is unknown or misshapen, or is the head) and back.
void load_lora(WeightedModel& model, const std::filesystem::path& adapter_folder);
void save_lora(WeightedModel& model, const std::filesystem::path& adapter_folder,
               const std::string& base_model);
void set_lora_enabled(WeightedModel& model, bool enabled);
// W ← W + scale·B·A (in float32, rounded once), adapters removed. Returns the largest |rounding error| per
// module, relative.
std::vector<std::pair<std::string, double>> merge_lora(WeightedModel& model);

}  // namespace xlt
