// SPDX-License-Identifier: Apache-2.0
// The head's product a block of the vocabulary at a time, and what is kept of each row's logits; shared by
// the ops over the head. Inside `ops` only.
#pragma once

#include "ops/head/head_kernels.h"

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "xlt/base/runs.h"
#include "xlt/ops/head/token_logps.h"

namespace xlt::ops {

// Whether our own product of the head takes these operands (ops/head/cpu_head.h).
bool takes_cpu_head(const at::Tensor& hidden, const at::Tensor& weight);

// weight [V, C] → the blocks of its rows that are worked on at a time; on a GPU all of them.
std::vector<Run> blocks_of(const at::Tensor& weight);
inline at::Tensor narrow(const at::Tensor& x, const Run& run) { return x.narrow(0, run.first, run.count); }
// A block of the weight as the products take it. Half-precision ones are widened on the CPU, a block at a
// time, so that logits are never rounded to 8 bits of mantissa; a GPU's library widens on its own.
at::Tensor block_of(const at::Tensor& weight, const Run& run);

// sum += x · yᵀ in float32, whatever the types.
void add_product(at::Tensor sum, const at::Tensor& x, const at::Tensor& y);
// Logits of a chunk of rows in a block, [rows, columns] float32, scaled and capped.
at::Tensor logits_of(const at::Tensor& hidden, const at::Tensor& block, const HeadOptions& options);

// A row's highest logit, Σ exp(logit − highest) and target's logit: float64 [M, 3], the layout of
// OnlineLogSumExp.
at::Tensor new_states(const at::Tensor& targets);
OnlineLogSumExp* states_in(at::Tensor& states);
// The kernels' arguments. All contiguous; borrowed.
LogitRows kernel_rows(at::Tensor& logits, const at::Tensor& targets, const Run& block, at::Tensor& states);
void add_to_states(at::Tensor logits, const at::Tensor& targets, const Run& block, at::Tensor states);

}  // namespace xlt::ops
