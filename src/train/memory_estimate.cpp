// SPDX-License-Identifier: Apache-2.0
// A pre-norm layer keeps for its backward pass, of every token, the outputs of its linear layers (queries,
// keys, values, gate, up; what goes back to the stream where it is normed), the inputs of those that lead
// back to the stream (attention's output, the product of gate and up), the stream before each of its two
// norms and what they gave, and of each adapter r numbers.
#include "xlt/train/memory_estimate.h"

#include "train/optimizer.h"

#include <algorithm>

#include "xlt/ops/head/token_logps.h"
#include "xlt/ops/scalar_type.h"
#include "xlt/parallel/parallel.h"

namespace xlt {

namespace {

constexpr int64_t kFloatBytes = 4;

int64_t moments_of(const std::string& optimizer) {
  return static_cast<int64_t>(find_entry(optimizers(), "optimizer", optimizer).make()->moment_names().size());
}

// Logits and their gradient, float32; as Decoder::head_options has them.
int64_t logit_bytes(const DecoderFootprint& model, const Placement& where, int64_t label_tokens) {
  int64_t rows = ops::HeadOptions{}.chunk_rows;
  if (where.is_cuda) rows = std::max(rows, (int64_t{1} << 28) / model.vocab_size);
  if (label_tokens > 0) rows = std::min(rows, label_tokens);
  return (where.is_cuda ? 2 : 1) * kFloatBytes * rows * model.vocab_size;
}

// sum_gradients_by_halves (ranks.h) holds one, and one for every halving down to two.
int64_t num_gradient_copies(int64_t micro_batches) {
  int64_t copies = 1;
  for (int64_t count = micro_batches; count > 2; count = first_half(count)) ++copies;
  return copies;
}

}  // namespace

MemoryEstimate estimate_trained(int64_t num_trained, bool is_adapter, const Placement& where,
                                const std::string& optimizer) {
  const auto element = static_cast<int64_t>(c10::elementSize(scalar_type(where.dtype)));
  MemoryEstimate bytes;
  (is_adapter ? bytes.adapter : bytes.base_weights) = (is_adapter ? kFloatBytes : element) * num_trained;
  bytes.gradients = (is_adapter ? kFloatBytes : element) * num_trained;
  const bool has_masters = !is_adapter && element < kFloatBytes;
  bytes.optimizer = kFloatBytes * num_trained * (moments_of(optimizer) + has_masters);
  return bytes;
}

MemoryEstimate estimate_memory(const DecoderFootprint& model, const Placement& where,
                               const MemoryQuestion& question) {
  const auto element = static_cast<int64_t>(c10::elementSize(scalar_type(where.dtype)));
  const bool trains_all = question.lora_r == 0;
  const int64_t trained =
      trains_all ? model.num_parameters : question.lora_r * (model.in_features + model.out_features);
  MemoryEstimate bytes = estimate_trained(trained, !trains_all, where, question.optimizer);
  if (!trains_all) bytes.base_weights = model.weight_bytes;
  bytes.gradients *= num_gradient_copies(question.micro_batches);

  const int64_t tokens = question.batch_tokens * element;
  const int64_t of_layers = model.out_features + model.back_features +
                            4 * model.hidden_size * model.num_layers + question.lora_r * model.num_linears;
  const int64_t of_one = of_layers / std::max<int64_t>(1, model.num_layers);
  bytes.layers = tokens * (question.gradient_checkpointing ? 2 * model.hidden_size * model.num_layers + of_one
                                                           : of_layers);
  bytes.workspace = tokens * (model.out_features / std::max<int64_t>(1, model.num_layers));
  if (where.is_cuda && model.quantized_bytes > 0) bytes.workspace += model.largest_matrix * element;
  bytes.logits = logit_bytes(model, where, question.label_tokens);
  return bytes;
}

}  // namespace xlt
