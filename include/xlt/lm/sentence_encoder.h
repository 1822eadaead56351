// SPDX-License-Identifier: Apache-2.0
// Texts as vectors: pooled hidden states of any layer of any decoder or encoder. No tensor above this header.
//
//   auto encoder = load_sentence_encoder({.model = "models/e5"}, placement, context);
//   auto vectors = encoder->embed(texts, {{0, encoder->info().num_layers}}, encoder->info().pooling);
//
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "xlt/base/context.h"
#include "xlt/base/placement.h"

namespace xlt {

// How the vectors of a text's tokens, special ones included, become one.
enum class PoolingMode { kMean, kFirst, kLast };

struct SentencePooling {
  PoolingMode mode = PoolingMode::kMean;
  bool normalize = false;  // to length 1
};

struct SentenceEncoderInfo {
  std::string model, model_type;
  int64_t num_layers = 0, hidden_size = 0;
  int64_t max_length = 0;   // tokens, special ones included
  SentencePooling pooling;  // what the folder says, in sentence-transformers' files; else the mean
};

// One thread.
class SentenceEncoder {
 public:
  virtual ~SentenceEncoder() = default;
  // [text][layer asked][hidden_size]. Layers count as transformers' `output_hidden_states`: 0 the embeddings,
  // num_layers what comes out of the final norm. On a CPU the same bits whatever stands beside a text. A text
  // beyond max_length is cut at its end, and said so; one without tokens has no vectors ([text] is empty).
  // Throws kUsage for a layer that there is not, kCheckpoint where the weights give no numbers.
  virtual std::vector<std::vector<std::vector<float>>> embed(std::span<const std::string> texts,
                                                             std::span<const int64_t> layers,
                                                             const SentencePooling& pooling) = 0;
  virtual const SentenceEncoderInfo& info() const = 0;
};

struct SentenceEncoderOptions {
  std::filesystem::path model, adapter;  // adapter may be empty
  int64_t batch_tokens =
      0;  // most tokens in one forward pass, but for a longer text; 0: chosen for the device
};
// Throws kCheckpoint; kUnsupported where sentence-transformers' files name a step that is not done here.
std::unique_ptr<SentenceEncoder> load_sentence_encoder(const SentenceEncoderOptions& options,
                                                       const Placement& where, const Context& context);

}  // namespace xlt
