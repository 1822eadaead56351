// SPDX-License-Identifier: Apache-2.0
// What llama.cpp changed of a Hugging Face checkpoint when it made a GGUF of it: names, and a few tensors.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "xlt/base/gguf.h"
#include "xlt/base/json.h"

namespace xlt {

struct GgufArchitecture {
  const char *name, *model_type, *class_name;  // "gemma3", "gemma3_text", "Gemma3ForCausalLM"
  bool pairs_neighbours =
      false;  // rows of q and k lie so that neighbours rotate together; ours lie half a head apart
  bool adds_one = false;        // norms are stored as what they multiply by, ours less 1
  bool has_four_norms = false;  // also after attention and after the MLP
  bool names_biases = false;    // its config.json says which matrices have a bias
};

// Throws kCheckpoint for an architecture that is not read, naming those that are.
const GgufArchitecture& architecture_of(const Gguf& gguf);
// "blk.0.attn_q.weight" → "model.layers.0.self_attn.q_proj.weight"; none for a tensor that has no
// counterpart.
std::optional<std::string> hugging_face_name(const GgufArchitecture& architecture, std::string_view name);
// config.json of the model. Throws kCheckpoint for what the families would read wrongly, such as experts or
// an unknown scaling of positions.
Json config_of_gguf(const Gguf& gguf);

}  // namespace xlt
