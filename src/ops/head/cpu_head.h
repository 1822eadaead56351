// SPDX-License-Identifier: Apache-2.0
// The head on the CPU by our own matrix product: logits are made a block of the vocabulary at a time, and
// reduced, multiplied on or stored while they are in the cache. Inside `ops` only.
#pragma once

#include "ops/head/head_kernels.h"

#include <vector>

#include <ATen/core/Tensor.h>

#include "xlt/ops/head/token_logps.h"

namespace xlt::ops {

// Columns of logits in one tensor on the CPU where another library makes them. Fixed, so that the order of
// summation depends on nothing.
inline constexpr int64_t kVocabBlock = 1024;

// Whether the functions below take these operands.
bool cpu_head_takes(const at::Tensor& hidden, const at::Tensor& weight);

// hidden [M, C], weight [V, C], targets [M] int64 → each row's state, over the whole vocabulary. The order of
// summation depends on nothing but V.
void cpu_head_states(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets,
                     const HeadOptions& options, OnlineLogSumExp* states);

// The same states and, from the same pass over the weight, slopes [M, C] float32 ← ∂ logp / ∂ hidden.
void cpu_head_slopes(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets,
                     const HeadOptions& options, OnlineLogSumExp* states, at::Tensor& slopes);

// What sampling needs to know of every kMaxBlock logits of a row, [M, ⌈V / kMaxBlock⌉] each.
struct LogitSummary {
  float factor = 1;           // 1 / temperature
  std::vector<float> maxima;  // NaN if one is there
  std::vector<double> sums;   // Σ exp(factor · (logit − maximum)), of the block's own
};

// logits [M, V] float32, columns contiguous. `summary`, if not null, is filled; its factor is given.
void cpu_head_logits(const at::Tensor& hidden, const at::Tensor& weight, const HeadOptions& options,
                     at::Tensor& logits, LogitSummary* summary = nullptr);

// logits ← softcap · tanh(scale · logits / softcap), on any device.
void scale_and_cap(at::Tensor& logits, const HeadOptions& options);

}  // namespace xlt::ops
