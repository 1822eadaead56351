// SPDX-License-Identifier: Apache-2.0
#include "train/pack.h"

#include <ATen/ops/stack.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include "xlt/base/rng.h"
#include "xlt/models/decoder.h"
#include "xlt/ops/head/token_logps.h"

namespace xlt {

namespace {

// Tokens that all sequences of a row begin with and none has as a label; 0 for a single sequence.
int64_t shared_length(const TrainRow& row) {
  if (row.sequences.size() < 2) return 0;
  const TrainSequence& first = row.sequences.front();
  int64_t shared = first.num_context;
  for (const TrainSequence& other : row.sequences) {
    // Every child needs a token of its own.
    const int64_t limit = std::min({shared, other.num_context, other.length() - 1, first.length() - 1});
    shared = 0;
    while (shared < limit && first.ids[shared] == other.ids[shared]) ++shared;
  }
  return std::max<int64_t>(shared, 0);
}

void add_labels(PackedRows& packed, const TrainSequence& sequence, int64_t shared, int64_t segment,
                int64_t parent) {
  const int64_t begin = packed.tokens.segments()[segment].begin;
  for (int64_t position = sequence.first_label(); position < sequence.length(); ++position) {
    const int64_t before = position - 1;
    packed.hidden_rows.push_back(before >= shared ? begin + before - shared
                                                  : packed.tokens.last_token(parent));
    packed.targets.push_back(sequence.ids[position]);
  }
  packed.num_labels.push_back(sequence.num_labels());
}

// Masks of dropout stay with a row, whatever batch it is in.
void name_segments(PackedRows& packed, size_t first, int64_t index) {
  for (size_t s = first; s < packed.tokens.segments().size(); ++s)
    packed.tokens.name_segment(
        static_cast<int64_t>(s),
        Rng(static_cast<uint64_t>(index)).fork(static_cast<uint64_t>(s - first)).key());
}

void add_row(PackedRows& packed, const TrainRow& row) {
  const int64_t shared = shared_length(row);
  int64_t parent = -1;
  if (shared > 0) parent = packed.tokens.add(std::span(row.sequences.front().ids).first(shared));
  for (const TrainSequence& sequence : row.sequences) {
    const int64_t segment = packed.tokens.add(std::span(sequence.ids).subspan(shared), parent);
    add_labels(packed, sequence, shared, segment, parent);
  }
}

at::Tensor to_tensor(const std::vector<int64_t>& values, at::Device device) {
  return at::tensor(at::ArrayRef<int64_t>(values), at::kLong).to(device);
}

}  // namespace

PackedRows pack(const std::vector<TrainRow>& rows, std::span<const int64_t> indices) {
  PackedRows packed;
  for (const int64_t index : indices) {
    const size_t first = packed.tokens.segments().size();
    add_row(packed, rows[index]);
    name_segments(packed, first, index);
  }
  return packed;
}

at::Tensor sequence_logps(Decoder& decoder, const PackedRows& packed) {
  const at::Tensor hidden = decoder.forward(packed.tokens, /*cache=*/nullptr, packed.hidden_rows);
  if (packed.targets.empty())
    return at::zeros({static_cast<int64_t>(packed.num_labels.size())}, hidden.options().dtype(at::kFloat));
  decoder.check_tokens(packed.targets);
  const at::Tensor logps = ops::token_logps(
      hidden, decoder.head_weight(), to_tensor(packed.targets, hidden.device()), decoder.head_options());
  // Slices rather than a scatter: the order of the sums is fixed on every device.
  std::vector<at::Tensor> sums;
  int64_t begin = 0;
  for (const int64_t count : packed.num_labels) {
    sums.push_back(logps.narrow(0, begin, count).sum());
    begin += count;
  }
  return at::stack(sums);
}

}  // namespace xlt
