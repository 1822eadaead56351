// SPDX-License-Identifier: Apache-2.0
// Where each byte of a training goes, reckoned from what the engine keeps; nothing is read or computed.
//
//   MemoryQuestion question{.lora_r = 64, .gradient_checkpointing = true, .batch_tokens = 4096};
//   const auto source = quantized(open_model_source(folder), "nf4");
//   MemoryEstimate bytes = estimate_memory(footprint_of(*source, where), where, question);
//
#pragma once

#include <cstdint>
#include <string>

#include "xlt/base/placement.h"
#include "xlt/models/decoder_footprint.h"

namespace xlt {

struct MemoryQuestion {
  int64_t lora_r = 0;  // on every linear layer; 0: all weights are trained
  std::string optimizer = "adamw";
  bool gradient_checkpointing = false;
  int64_t batch_tokens = 0;  // of a batch, packed: real ones, a prompt that a pair shares once
  int64_t micro_batches =
      1;  // of a step, of one rank: their gradients are summed by halves, which holds copies
  int64_t label_tokens = 0;  // those of them that have a label; 0: most may
};

// All in bytes, beside the program's own (some 300 MB with libtorch, more with CUDA).
struct MemoryEstimate {
  int64_t base_weights = 0, adapter = 0;
  int64_t gradients = 0, optimizer = 0;
  int64_t layers = 0;     // what the layers keep for the backward pass
  int64_t workspace = 0;  // one layer's gradients; where a device widens a matrix in few bits, the widest
  int64_t logits = 0;     // of the rows that the head takes at a time
  int64_t weights() const { return base_weights + adapter; }
  int64_t activations() const { return layers + workspace + logits; }
  int64_t total() const { return weights() + gradients + optimizer + activations(); }
};

// What so many trained numbers take: an adapter's, else the base weights themselves; their gradients and the
// optimizer's state. All else is 0.
MemoryEstimate estimate_trained(int64_t num_trained, bool is_adapter, const Placement& where,
                                const std::string& optimizer);

MemoryEstimate estimate_memory(const DecoderFootprint& model, const Placement& where,
                               const MemoryQuestion& question);

}  // namespace xlt
