// SPDX-License-Identifier: Apache-2.0
#include "train/objective.h"

#include <algorithm>
#include <cmath>

#include "xlt/base/error.h"
#include "xlt/base/rng.h"

namespace xlt {

namespace {

// One value a sequence: log-probabilities, or divergences.
void check_finite(const at::Tensor& of_sequences, const RowBatch& batch, const std::string& when,
                  DeferredReads& reads, const char* what = "log-probability") {
  reads.add(of_sequences, [batch, when, what](std::span<const double> values) {
    auto value = values.begin();
    for (const int64_t index : batch.indices) {
      const TrainRow& row = (*batch.rows)[index];
      for (size_t i = 0; i < row.sequences.size(); ++i, ++value)
        if (!std::isfinite(*value))
          throw Error(ErrorKind::kNumerics,
                      str_cat(when, ": the ", what, " of this row is ", *value,
                              "; lower learning_rate or max_grad_norm, or use float32"),
                      row.place);
    }
  });
}

}  // namespace

void Objective::add_logps(SequenceLogps& logps, PackedRows& packed, const RowBatch& batch,
                          bool uses_reference, const std::string& when, DeferredReads& reads,
                          std::optional<uint64_t> dropout) {
  // First the reference: its pass keeps nothing, so the two never hold memory at the same time.
  if (uses_reference) {
    logps.reference = reference_->logps(*batch.rows, batch.indices, packed, reads);
    check_finite(logps.reference, batch, when + ": reference", reads);
  }
  if (dropout) packed.tokens.set_dropout(*dropout);
  logps.policy = sequence_logps(decoder_, packed);
  check_finite(logps.policy, batch, when, reads);
}

// What is measured against the reference is the policy as it will be used, without dropout.
SequenceLogps Objective::logps_of(const RowBatch& batch, const RowSetSpec& set, const std::string& when,
                                  DeferredReads& reads, std::optional<uint64_t> dropout) {
  PackedRows packed = pack(*batch.rows, batch.indices);
  SequenceLogps logps;
  if (set.uses_divergence) {
    logps.divergence = sequence_divergences(decoder_, packed, reference_->heads(packed));
    check_finite(logps.divergence, batch, when, reads, "divergence from the reference");
  } else {
    add_logps(logps, packed, batch, set.uses_reference, when, reads, dropout);
  }
  logps.num_labels = packed.num_labels;
  for (const int64_t index : batch.indices) logps.is_desirable.push_back((*batch.rows)[index].is_desirable);
  return logps;
}

LossValue Objective::compute(const MicroBatch& batch, const std::string& when, DeferredReads& reads,
                             std::optional<uint64_t> dropout) {
  std::vector<SequenceLogps> logps;
  for (size_t set = 0; set < batch.size(); ++set) {
    // A set's rows have masks of their own, though their numbers are those of another set's.
    std::optional<uint64_t> key = dropout;
    if (dropout && set > 0) key = Rng(*dropout).fork(static_cast<uint64_t>(set)).key();
    logps.push_back(logps_of(batch[set], sets_[set], when, reads, key));
  }
  return loss_.compute(logps);
}

std::vector<int64_t> Objective::num_items(const MicroBatch& batch) const {
  std::vector<int64_t> counts;
  for (size_t set = 0; set < batch.size(); ++set)
    for (const int64_t index : batch[set].indices) {
      const std::vector<int64_t> items = loss_.num_items(set, (*batch[set].rows)[index]);
      counts.resize(std::max(counts.size(), items.size()));
      for (size_t term = 0; term < items.size(); ++term) counts[term] += items[term];
    }
  return counts;
}

}  // namespace xlt
