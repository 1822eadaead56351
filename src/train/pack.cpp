// SPDX-License-Identifier: Apache-2.0
#include "train/pack.h"

#include <ATen/ops/split_with_sizes.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/zeros.h>

#include "xlt/base/rng.h"
#include "xlt/models/decoder.h"
#include "xlt/ops/head/token_logps.h"
#include "xlt/ops/to_device.h"

namespace xlt {

namespace {

// Those that may be children of what they all begin with: all but a prompt that stands for itself.
std::span<const TrainSequence> branches_of(const TrainRow& row) {
  return std::span(row.sequences).first(row.sequences.size() - row.has_prompt);
}

// Tokens that all branches of a row begin with and none has as a label; 0 for a single one.
int64_t shared_length(const TrainRow& row) {
  const auto branches = branches_of(row);
  if (branches.size() < 2) return 0;
  const TrainSequence& first = branches.front();
  int64_t shared = first.num_context;
  for (const TrainSequence& other : branches) {
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

// A prompt's labels are read from what the branches share; only where they share less is it computed again.
void add_prompt(PackedRows& packed, const TrainSequence& prompt, int64_t shared, int64_t parent) {
  if (prompt.ids.empty())
    packed.num_labels.push_back(0);
  else if (prompt.length() <= shared)
    add_labels(packed, prompt, /*shared=*/0, parent, /*parent=*/-1);
  else
    add_labels(packed, prompt, /*shared=*/0, packed.tokens.add(prompt.ids), /*parent=*/-1);
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
  for (const TrainSequence& sequence : branches_of(row)) {
    const int64_t segment = packed.tokens.add(std::span(sequence.ids).subspan(shared), parent);
    add_labels(packed, sequence, shared, segment, parent);
  }
  if (row.has_prompt) add_prompt(packed, row.sequences.back(), shared, parent);
}

// One value a label → one a sequence. Slices rather than a scatter: the order of the sums is fixed on every
// device. All slices by one operator: its backward is one, too.
at::Tensor sums_of_sequences(const at::Tensor& values, const PackedRows& packed) {
  std::vector<at::Tensor> sums;
  for (const at::Tensor& of_sequence : at::split_with_sizes(values, packed.num_labels))
    sums.push_back(of_sequence.sum());
  return at::stack(sums);
}

at::Tensor zero_of_each(const PackedRows& packed, const Decoder& decoder) {
  return at::zeros({static_cast<int64_t>(packed.num_labels.size())},
                   decoder.head_weight().options().dtype(at::kFloat).requires_grad(false));
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

ops::HeadRows label_heads(Decoder& decoder, const PackedRows& packed) {
  return {decoder.forward(packed.tokens, /*cache=*/nullptr, packed.hidden_rows), decoder.head_weight(),
          decoder.head_options()};
}

at::Tensor sequence_logps(Decoder& decoder, const PackedRows& packed) {
  if (packed.targets.empty()) return zero_of_each(packed, decoder);
  decoder.check_tokens(packed.targets);
  const ops::HeadRows heads = label_heads(decoder, packed);
  const at::Tensor targets = ops::to_device(packed.targets, heads.hidden.device());
  return sums_of_sequences(ops::token_logps(heads.hidden, heads.weight, targets, heads.options), packed);
}

at::Tensor sequence_divergences(Decoder& decoder, const PackedRows& packed, const ops::HeadRows& from) {
  if (packed.targets.empty()) return zero_of_each(packed, decoder);
  return sums_of_sequences(ops::token_kl(from, label_heads(decoder, packed)), packed);
}

}  // namespace xlt
