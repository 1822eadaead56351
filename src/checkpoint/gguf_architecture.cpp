// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/gguf_architecture.h"

#include <array>
#include <utility>
#include <vector>

#include "xlt/base/error.h"
#include "xlt/base/registry.h"  // unknown_name_message

namespace xlt {

namespace {

using Architecture = GgufArchitecture;
constexpr Architecture kArchitectures[] = {
    {.name = "gemma", .model_type = "gemma", .class_name = "GemmaForCausalLM", .adds_one = true},
    {.name = "gemma2",
     .model_type = "gemma2",
     .class_name = "Gemma2ForCausalLM",
     .adds_one = true,
     .has_four_norms = true},
    {.name = "gemma3",
     .model_type = "gemma3_text",
     .class_name = "Gemma3ForCausalLM",
     .adds_one = true,
     .has_four_norms = true},
    {.name = "llama",
     .model_type = "llama",
     .class_name = "LlamaForCausalLM",
     .pairs_neighbours = true,
     .names_biases = true},
    {.name = "qwen2", .model_type = "qwen2", .class_name = "Qwen2ForCausalLM"},
    {.name = "qwen3", .model_type = "qwen3", .class_name = "Qwen3ForCausalLM"},
};

struct Names {
  const char *ours, *theirs;
};
constexpr Names kOutside[] = {
    {"token_embd", "model.embed_tokens"}, {"output_norm", "model.norm"}, {"output", "lm_head"}};
constexpr Names kInLayer[] = {{"attn_norm", "input_layernorm"},    {"attn_q", "self_attn.q_proj"},
                              {"attn_k", "self_attn.k_proj"},      {"attn_v", "self_attn.v_proj"},
                              {"attn_output", "self_attn.o_proj"}, {"attn_q_norm", "self_attn.q_norm"},
                              {"attn_k_norm", "self_attn.k_norm"}, {"ffn_gate", "mlp.gate_proj"},
                              {"ffn_up", "mlp.up_proj"},           {"ffn_down", "mlp.down_proj"}};
constexpr Names kTwoNorms[] = {{"ffn_norm", "post_attention_layernorm"}};
constexpr Names kFourNorms[] = {{"post_attention_norm", "post_attention_layernorm"},
                                {"ffn_norm", "pre_feedforward_layernorm"},
                                {"post_ffw_norm", "post_feedforward_layernorm"}};

template <size_t kCount>
const char* counterpart(const Names (&names)[kCount], std::string_view name) {
  for (const Names& row : names)
    if (name == row.ours) return row.theirs;
  return nullptr;
}

// "blk.12.attn_q" → "12", "attn_q"
std::optional<std::pair<std::string_view, std::string_view>> in_layer(std::string_view name) {
  constexpr std::string_view kPrefix = "blk.";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  const size_t dot = name.find('.');
  if (dot == std::string_view::npos || dot == 0 || name.find_first_not_of("0123456789") != dot)
    return std::nullopt;
  return std::pair(name.substr(0, dot), name.substr(dot + 1));
}

}  // namespace

const GgufArchitecture& architecture_of(const Gguf& gguf) {
  const std::string name = gguf.text("general.architecture");
  std::vector<std::string> known;
  for (const Architecture& architecture : kArchitectures) {
    if (name == architecture.name) return architecture;
    known.emplace_back(architecture.name);
  }
  gguf.fail("general.architecture", unknown_name_message("architecture of a GGUF file", name, known));
}

std::optional<std::string> hugging_face_name(const Architecture& architecture, std::string_view name) {
  const size_t end = name.rfind('.');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view stem = name.substr(0, end), part = name.substr(end);  // ".weight", ".bias"
  if (part != ".weight" && part != ".bias") return std::nullopt;
  if (const char* found = counterpart(kOutside, stem)) return str_cat(found, part);
  const auto place = in_layer(stem);
  if (!place) return std::nullopt;
  const char* found = counterpart(kInLayer, place->second);
  if (!found)
    found = architecture.has_four_norms ? counterpart(kFourNorms, place->second)
                                        : counterpart(kTwoNorms, place->second);
  return found ? std::optional(str_cat("model.layers.", place->first, ".", found, part)) : std::nullopt;
}

}  // namespace xlt
