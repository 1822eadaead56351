// SPDX-License-Identifier: Apache-2.0
// Rows → one forest of segments: a text is a root; a pair's common beginning is a root with its two sides as
// children, so that chosen and rejected share the prompt's computation; labels in the prompt are read from
// it.
#pragma once

#include "train/train_row.h"

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "xlt/nn/token_batch.h"
#include "xlt/ops/head/token_kl.h"

namespace xlt {

class Decoder;

struct PackedRows {
  TokenBatch tokens;
  // One entry a label, sequence by sequence: the batch row whose hidden state predicts it (for the first
  // token of a child, its parent's last), and the label itself.
  std::vector<int64_t> hidden_rows, targets;
  std::vector<int64_t> num_labels;  // of each sequence, in order
};

// Rows are taken from `rows` in the order of `indices`. A row whose sequences share no first token becomes
// separate roots.
PackedRows pack(const std::vector<TrainRow>& rows, std::span<const int64_t> indices);

// Σ log p of each sequence's labels under the decoder as it is, [S] float32. Differentiable.
at::Tensor sequence_logps(Decoder& decoder, const PackedRows& packed);
// What predicts the labels, of which there is at least one: their hidden states, in the order of `targets`,
// and the head. Differentiable.
ops::HeadRows label_heads(Decoder& decoder, const PackedRows& packed);
// Σ KL(from ‖ decoder as it is) over the places of each sequence's labels, [S] float32. Differentiable in the
// decoder.
at::Tensor sequence_divergences(Decoder& decoder, const PackedRows& packed, const ops::HeadRows& from);

}  // namespace xlt
