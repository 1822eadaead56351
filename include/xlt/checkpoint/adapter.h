// SPDX-License-Identifier: Apache-2.0
// LoRA adapters in PEFT's folder format (`adapter_config.json`, `adapter_model.safetensors`), readable by
// PEFT and from PEFT.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace xlt {

struct AdapterConfig {
  int64_t r = 64;
  double lora_alpha = 16;
  double lora_dropout = 0.0;
  bool use_rslora = false;  // scale alpha / √r (Kalajdzievski 2023) instead of alpha / r
  bool use_dora = false;    // every module has a magnitude (Liu et al. 2024)
  // That the base model's matrices lie [in, out] on disk (GPT-2). A note for PEFT's merging: what an adapter
  // computes does not depend on it, and PEFT sets it by the layer's kind whatever the file says.
  bool fan_in_fan_out = false;
  std::vector<std::string> target_modules;  // last name components: "q_proj", …; written sorted
  std::string base_model_name_or_path;
  double scale() const;  // what B·A is multiplied by
};

struct Adapter {
  AdapterConfig config;
  // By module name in the base model ("model.layers.0.self_attn.q_proj"): A [r, in] and B [out, r], float32;
  // with DoRA the magnitude [out], else undefined.
  struct Pair {
    at::Tensor a, b, magnitude = {};
  };
  std::map<std::string, Pair> modules;
};

// Throws kCheckpoint for a folder without an adapter, an adapter kind other than LoRA, options we do not
// apply (rsLoRA and DoRA are applied; rank_pattern, modules_to_save, bias other than "none" … are refused by
// name, saying why), a pair with one side missing, or a rank that is not the config's.
Adapter load_adapter(const std::filesystem::path& folder);
// Both files by temp-file-then-rename, weights last. Keys: "base_model.model.<module>.lora_A.weight".
void save_adapter(const std::filesystem::path& folder, const Adapter& adapter);

}  // namespace xlt
