// SPDX-License-Identifier: Apache-2.0
#include "xlt/run/model_choice.h"

#include "xlt/run/quantize_option.h"

namespace xlt {

void ModelChoice::visit(OptionVisitor& v) {
  v.field("model", model,
          "checkpoint folder in Hugging Face format (config.json, *.safetensors, tokenizer files), a .gguf "
          "file, or "
          "org/name[@revision] of the hub in the local cache");
  v.field("adapter", adapter, "LoRA adapter folder in PEFT's format; empty: the model as it is");
  visit_quantize_or_stored(v, quantize);
  v.field("batch_tokens", batch_tokens,
          "most tokens in one forward pass, but for a longer prompt; changes speed and memory, on a CPU "
          "never results; 0: chosen for the device",
          at_least(0));
}

}  // namespace xlt
