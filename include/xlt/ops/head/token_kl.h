// SPDX-License-Identifier: Apache-2.0
// How far one model's next-token distributions are from another's, without ever holding [N, V] probabilities.
//
//   at::Tensor kl = ops::token_kl({base_hidden, base_weight}, {hidden, weight});   // [M], nats
//   kl.sum().backward();                                                           // in `hidden`
//
#pragma once

#include <ATen/core/Tensor.h>

#include "xlt/ops/head/token_logps.h"

namespace xlt::ops {

// What a distribution over the vocabulary is made of: softmax of the head's logits.
struct HeadRows {
  at::Tensor hidden;    // [M, C]
  at::Tensor weight;    // [V, C]
  HeadOptions options;  // chunk_rows is taken from `to`
};

// KL(from ‖ to) of each row, [M] float32: Σ_v p(v)·(log p(v) − log q(v)), p of `from`, q of `to`. Natural
// log. Both have M rows and one vocabulary; C may differ. Exactly 0 where hidden rows, weights and options
// are the same. Differentiable in to.hidden and, where it requires grad, in to.weight; `from` is a constant.
// With a frozen weight the gradient is made in the forward pass (three products in all), with a trainable one
// logits are recomputed in backward.
at::Tensor token_kl(const HeadRows& from, const HeadRows& to);

}  // namespace xlt::ops
