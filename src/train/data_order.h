// SPDX-License-Identifier: Apache-2.0
// Which rows are held out, and which rows an optimizer step sees: pure functions of (seed, step), so that a
// restart needs no stored position.
#pragma once

#include <cstdint>
#include <vector>

namespace xlt {

struct Split {
  std::vector<int64_t> train, test;
};
// As Hugging Face's `train_test_split(test_size=fraction, seed)`: test = the first ⌈fraction·n⌉ of numpy's
// permutation, train = the rest, in that order or, with `file_order`, sorted. Fraction 0: everything is
// train, in order.
Split split_rows(int64_t num_rows, double fraction, uint64_t seed, bool file_order);

// What becomes of the batches at the end of an epoch that do not fill a step.
enum class LastAccumulation {
  kShortStep,  // they make a step of their own: ⌈batches / accumulation⌉ steps (transformers 5)
  kDrop,       // they are left out: ⌊batches / accumulation⌋ steps (transformers 4)
};

struct DataOrderOptions {
  int64_t num_rows = 0, batch_size = 1, gradient_accumulation_steps = 1;  // the last two at least 1
  uint64_t seed = 0;
  bool shuffle = true;  // a new permutation each epoch
  LastAccumulation last_accumulation = LastAccumulation::kShortStep;
};

class DataOrder {
 public:
  explicit DataOrder(const DataOrderOptions& options) : options_(options) {}
  // The last batch of an epoch may be smaller: no row is dropped from it, as in transformers.
  int64_t batches_per_epoch() const;
  // At least 1, whatever the accumulation.
  int64_t steps_per_epoch() const;
  // max_steps if given, else num_epochs · steps_per_epoch, rounded up. Throws kUsage for more than 2^53.
  int64_t total_steps(int64_t max_steps, double num_epochs) const;
  // Row indices of each micro-batch of step `step` (from 0).
  std::vector<std::vector<int64_t>> micro_batches(int64_t step);
  // Row indices of batch number `batch` (from 0) of passes without end: always full, in an epoch's order
  // after the other.
  std::vector<int64_t> endless_batch(int64_t batch);
  // Epochs gone by after `num_steps` steps, e.g. 1.25.
  double epoch_after(int64_t num_steps) const;

 private:
  int64_t first_batch_of(int64_t step) const;  // in its epoch
  const std::vector<int64_t>& order_of(int64_t epoch);
  DataOrderOptions options_;
  int64_t epoch_ = -1;
  std::vector<int64_t> order_;  // of epoch_
};

}  // namespace xlt
