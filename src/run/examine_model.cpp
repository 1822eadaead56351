// SPDX-License-Identifier: Apache-2.0
// What `xlt doctor --model` says of a model.
#include <sstream>

#include "xlt/base/error.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/models/decoder.h"
#include "xlt/models/decoder_footprint.h"
#include "xlt/run/doctor.h"
#include "xlt/text/chat_template.h"
#include "xlt/text/tokenizer.h"

namespace xlt {

namespace {

// What the estimates are for; both are said beside them.
constexpr int64_t kBatchTokens = 512, kRank = 64;

std::string gib(double bytes) {
  std::ostringstream text;
  constexpr double kGib = 1 << 30;
  text.precision(bytes < 10 * kGib ? 2 : 0);
  text << std::fixed << bytes / kGib << " GiB";
  return text.str();
}

Finding look_at_architecture(const DecoderOutline& outline, const DecoderFootprint& footprint,
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
  return {what, "about " + gib(bytes) + " beside the program's own: " + parts};
}

// Weights, the logits of a batch, keys and values of a batch of samples.
Finding look_at_eval_memory(const ModelConfig& config, const DecoderFootprint& footprint,
                            const Placement& where) {
  const double weights = static_cast<double>(footprint.weight_bytes), logits = logits_bytes(config);
  const double cache = 2.0 * static_cast<double>(config.num_hidden_layers * config.num_key_value_heads) *
                       static_cast<double>(config.head_dim * kBatchTokens) *
                       (where.dtype == DType::kFloat32 ? 4 : 2);
  return look_at_memory("memory for eval", weights + logits + cache,
                        str_cat("weights ", gib(weights), ", logits ", gib(logits), ", keys and values of ",
                                kBatchTokens, " tokens ", gib(cache)));
}

// Weights; the adapter with its gradients and AdamW's two moments; what the backward pass of a batch needs:
// of every linear layer its input, its output and the adapter's r numbers, in the activations' dtype.
Finding look_at_train_memory(const ModelConfig& config, const DecoderFootprint& footprint,
                             const Placement& where) {
  const double weights = static_cast<double>(footprint.weight_bytes), logits = logits_bytes(config);
  const int64_t sizes = footprint.in_features + footprint.out_features;
  const double adapter = 4.0 * 4 * kRank * static_cast<double>(sizes);
  const int64_t kept = sizes + kRank * footprint.num_linears;
  const double activations =
      static_cast<double>(kept * kBatchTokens) * (where.dtype == DType::kFloat32 ? 4 : 2);
  return look_at_memory("memory for LoRA training", weights + adapter + activations + logits,
                        str_cat("weights ", gib(weights), ", adapter of rank ", kRank,
                                " with gradients and moments ", gib(adapter), ", activations of ",
                                kBatchTokens, " tokens a step ", gib(activations), ", logits ", gib(logits)));
}

}  // namespace

std::vector<Finding> examine_model(const std::string& model, const Placement& where) {
  try {
    const auto source = open_model_source(model);
    const DecoderOutline outline = outline_decoder(*source);
    const DecoderFootprint footprint = footprint_of(*source, where);
    return {look_at_architecture(outline, footprint, where),
            look_at_tokenizer(model, outline.config.vocab_size), look_at_chat_template(*source),
            look_at_eval_memory(outline.config, footprint, where),
            look_at_train_memory(outline.config, footprint, where)};
  } catch (const Error& error) {
    return {{"model", error.what(), Verdict::kProblem}};
  }
}

}  // namespace xlt
