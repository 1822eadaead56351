// SPDX-License-Identifier: Apache-2.0
// What `xlt doctor --model` says of a model.
#include <algorithm>
#include <sstream>

#include "xlt/base/error.h"
#include "xlt/base/join.h"
#include "xlt/base/json.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/checkpoint/quantized_source.h"
#include "xlt/lm/quantized.h"
#include "xlt/models/decoder_footprint.h"
#include "xlt/models/encoder.h"
#include "xlt/models/encoder_decoder.h"
#include "xlt/run/doctor.h"
#include "xlt/text/chat_template.h"
#include "xlt/text/tokenizer.h"

namespace xlt {

namespace {

// What the estimates are for; both are said beside them.
constexpr int64_t kBatchTokens = 512, kRank = 64;

// "0.75 GiB", "3 MiB"
std::string memory_text(double bytes) {
  std::ostringstream text;
  constexpr double kMib = 1 << 20, kGib = 1 << 30;
  const bool is_small = bytes < kGib / 10;
  text.precision(is_small || bytes >= 10 * kGib ? 0 : 2);
  text << std::fixed << bytes / (is_small ? kMib : kGib) << (is_small ? " MiB" : " GiB");
  return text.str();
}

int64_t activation_bytes(const Placement& where) { return where.dtype == DType::kFloat32 ? 4 : 2; }

Finding look_at_architecture(const ModelOutline& outline, const DecoderFootprint& footprint,
                             const Placement& where) {
  return {"model",
          str_cat(outline.config.model_type, ", ", outline.num_parameters, " parameters in ",
                  outline.num_tensors, " tensors, stored as ", footprint.stored_dtype, ", computed in ",
                  name_of(where.dtype), "; up to ", outline.config.max_position_embeddings, " tokens")};
}

Finding look_at_tokenizer(const std::string& model, int64_t vocab_size) {
  try {
    const auto tokenizer = load_tokenizer(model);
    const std::string found =
        // Its settings come first, itself last.
        str_cat(tokenizer->files().back().filename().string(), ", ", tokenizer->vocab_size(), " tokens, ",
                tokenizer->prefix_ids().empty() ? "no token" : "BOS", " before a text");
    if (tokenizer->vocab_size() <= vocab_size) return {"tokenizer", found};
    return {"tokenizer", found, Verdict::kNote,
            str_cat("more than the model's ", vocab_size, ": a text that has one of them is refused")};
  } catch (const Error& error) {
    return {"tokenizer", error.what(), Verdict::kProblem};  // says what to do
  }
}

Finding look_at_chat_template(const ModelSource& source) {
  const std::string found = describe_chat_template(source.path());
  return {"chat template", found == "none" ? "none: a model of plain texts" : found};
}

// Logits of the head's rows held at a time (ops::HeadOptions).
double logits_bytes(const ModelConfig& config) {
  constexpr int64_t kHeadRows = 240;
  return 4.0 * kHeadRows * static_cast<double>(config.vocab_size);
}

Finding look_at_memory(const std::string& what, double bytes, const std::string& parts) {
  return {what, "about " + memory_text(bytes) + " beside the program's own: " + parts};
}

// Weights, the logits of a batch, keys and values of a batch of samples.
Finding look_at_eval_memory(const std::string& what, const ModelConfig& config,
                            const DecoderFootprint& footprint, const Placement& where) {
  const double weights = static_cast<double>(footprint.weight_bytes), logits = logits_bytes(config);
  const double cache = 2.0 * static_cast<double>(config.num_hidden_layers * config.num_key_value_heads) *
                       static_cast<double>(config.head_dim * kBatchTokens * activation_bytes(where));
  const std::string blocks = footprint.block_bytes > 0
                                 ? str_cat(" (", memory_text(static_cast<double>(footprint.block_bytes)),
                                           " of them the file's blocks)")
                                 : "";
  return look_at_memory(what, weights + logits + cache,
                        str_cat("weights ", memory_text(weights), blocks, ", logits ", memory_text(logits),
                                ", keys and values of ", kBatchTokens, " tokens ", memory_text(cache)));
}

// Weights; the adapter with its gradients and AdamW's two moments; what the backward pass of a batch needs:
// of every linear layer its input, its output and the adapter's r numbers, in the activations' dtype.
Finding look_at_train_memory(const ModelConfig& config, const DecoderFootprint& footprint,
                             const Placement& where) {
  const double weights = static_cast<double>(footprint.weight_bytes), logits = logits_bytes(config);
  const int64_t sizes = footprint.in_features + footprint.out_features;
  const double adapter = 4.0 * 4 * kRank * static_cast<double>(sizes);
  const int64_t kept = sizes + kRank * footprint.num_linears;
  const double activations = static_cast<double>(kept * kBatchTokens * activation_bytes(where));
  return look_at_memory(
      "memory for LoRA training", weights + adapter + activations + logits,
      str_cat("weights ", memory_text(weights), ", adapter of rank ", kRank, " with gradients and moments ",
              memory_text(adapter), ", activations of ", kBatchTokens, " tokens a step ",
              memory_text(activations), ", logits ", memory_text(logits)));
}

// "XLMRobertaForSequenceClassification", where config.json says so.
std::string class_of(const ModelSource& source) {
  const Json config = source.config();
  const auto found = config.find("architectures");
  if (found == config.end() || !found->is_array() || found->empty() || !found->front().is_string()) return "";
  return str_cat(" (", found->front().get<std::string>(), ")");
}

// What is scored with and not trained: an encoder, an encoder-decoder.
std::vector<Finding> examine_scoring_model(const std::string& model, const ModelSource& source,
                                           const ModelOutline& outline, const std::string& kind,
                                           const Placement& where) {
  const double weights = static_cast<double>(outline.num_parameters * activation_bytes(where));
  const std::string length = outline.config.max_position_embeddings > 0
                                 ? str_cat("; up to ", outline.config.max_position_embeddings, " tokens")
                                 : "";
  return {{"model", str_cat(outline.config.model_type, ", ", kind, class_of(source), ", ",
                            outline.num_parameters, " parameters in ", outline.num_tensors,
                            " tensors, computed in ", name_of(where.dtype), length)},
          look_at_tokenizer(model, outline.config.vocab_size),
          look_at_memory("memory for scoring", weights, "weights; activations come to it")};
}

// "layers 0 to 15 on cuda:0 (7.9 GiB of 23 GiB), 16 to 31 on cuda:1 (…)"
Finding look_at_device_map(const ModelSource& source, std::span<const Placement> devices) {
  try {
    const DeviceMapPlan plan = plan_device_map(source, devices);
    std::string text;
    for (size_t i = 0; i < devices.size(); ++i) {
      const int64_t first = plan.map.first_layers[i];
      const int64_t last = i + 1 < devices.size() ? plan.map.first_layers[i + 1] - 1 : plan.num_layers - 1;
      append_item(
          text,
          str_cat(first, last > first ? str_cat(" to ", last) : "", " on ", name_of(devices[i]), " (",
                  memory_text(static_cast<double>(plan.weight_bytes[i])),
                  plan.room[i] > 1 ? " of " + memory_text(static_cast<double>(plan.room[i])) : "", ")"));
    }
    return {"device map",
            "layers " + text + (plan.map.ties_head ? "; the embedding, being the head, on the last" : "")};
  } catch (const Error& error) {
    return {"device map", error.what(), Verdict::kProblem};
  }
}

bool is_encoder(const std::string& model_type) {
  const auto names = encoder_names();
  return std::find(names.begin(), names.end(), model_type) != names.end();
}

}  // namespace

std::vector<Finding> examine_model(const std::string& model, std::span<const Placement> devices) {
  const Placement& where = devices.front();
  try {
    const auto source = open_model_source(model);
    if (is_encoder_decoder(*source))
      return examine_scoring_model(model, *source, outline_encoder_decoder(*source),
                                   "an encoder-decoder to score with", where);
    const ModelOutline outline = outline_layered_model(*source);
    if (is_encoder(outline.config.model_type))
      return examine_scoring_model(model, *source, outline, "an encoder to score with", where);
    const DecoderFootprint footprint = footprint_of(*source, where);
    const std::string held = held_as("none", model, where);
    const DecoderFootprint evaluated = footprint_of(*quantized(open_model_source(model), held), where);
    std::vector<Finding> findings = {
        look_at_architecture(outline, footprint, where), look_at_tokenizer(model, outline.config.vocab_size),
        look_at_chat_template(*source),
        look_at_eval_memory("memory for eval", outline.config, evaluated, where)};
    if (can_keep_blocks(model, where) && held != "stored")
      findings.push_back(
          look_at_eval_memory("memory for eval --quantize stored", outline.config,
                              footprint_of(*quantized(open_model_source(model), "stored"), where), where));
    findings.push_back(look_at_train_memory(outline.config, footprint, where));
    if (devices.size() > 1) findings.push_back(look_at_device_map(*source, devices));
    return findings;
  } catch (const Error& error) {
    return {{"model", error.what(), Verdict::kProblem}};
  }
}

}  // namespace xlt
