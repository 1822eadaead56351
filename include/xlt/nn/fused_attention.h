// SPDX-License-Identifier: Apache-2.0
// Attention whose queries, keys and values come from one matrix.
#pragma once

#include "xlt/nn/attention.h"

namespace xlt {

// How the matrix's rows lie.
enum class QkvLayout {
  kBlocks,  // all queries, all keys, all values (GPT-2, Phi-3)
  kByHead,  // query, key and value of head 0, then of head 1, … (BLOOM)
};

struct FusedAttention {
  Linear qkv, out;
  int64_t num_attention_heads = 0, num_key_value_heads = 0, head_dim = 0;  // kByHead: as many keys as queries
  QkvLayout layout = QkvLayout::kBlocks;
  ops::AttentionOptions options;
  // x [N, C], projected and laid out by head; parts of one tensor.
  Heads project(const at::Tensor& x, const ForwardPass& pass) const;
  // project, rotation (turned), attend, out: x [N, C] → [N, C], or of the rows that are read.
  at::Tensor forward(const at::Tensor& x, const ForwardPass& pass, const ops::RopeAngles& angles,
                     int64_t layer) const;
};

}  // namespace xlt
