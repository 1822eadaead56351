// SPDX-License-Identifier: Apache-2.0
// Log-probabilities of given tokens without ever holding [N, V] logits: the head's product in chunks of rows,
// log-sum-exp in float32.
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace xlt::ops {

struct HeadOptions {
  double logit_scale = 1.0;  // logits ← logit_scale · (hidden · weightᵀ)
  double softcap = 0.0;      // then softcap · tanh(logits / softcap); 0: none
  int64_t chunk_rows = 240;  // rows of logits held at a time; fewer, and reading the weight would dominate
};

// hidden [M, C], weight [V, C], targets [M] int64 → logp [M] float32: logit[target] − log Σ exp logit.
// Natural log. Differentiable in hidden and, where it requires grad, in weight. With a frozen weight the
// gradient w.r.t. hidden is made in the forward pass (two products in all); with a trainable one the logits
// are recomputed in backward (four products).
at::Tensor token_logps(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets,
                       const HeadOptions& options = {});

// The logits themselves, [M, V] float32, for sampling and tests; no gradient.
at::Tensor head_logits(const at::Tensor& hidden, const at::Tensor& weight, const HeadOptions& options = {});
// The same into memory that the caller keeps: 240 rows of a large vocabulary are 250 MB, and fresh pages for
// them cost a tenth of the product.
void head_logits_into(at::Tensor logits, const at::Tensor& hidden, const at::Tensor& weight,
                      const HeadOptions& options = {});

}  // namespace xlt::ops
