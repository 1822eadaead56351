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

struct DataOrderOptions {
  int64_t num_rows = 0, batch_size = 1, gradient_accumulation_steps = 1;
  uint64_t seed = 0;
  bool shuffle = true;  // a new permutation each epoch
};

class DataOrder {
 public:
  explicit DataOrder(const DataOrderOptions& options) : options_(options) {}
  // The last batch of an epoch and the last step of an epoch may be smaller (no row is dropped), as in
  // transformers.
  int64_t batches_per_epoch() const;
  int64_t steps_per_epoch() const;
  // max_steps if given, else ⌈num_epochs · steps_per_epoch⌉.
  int64_t total_steps(int64_t max_steps, double num_epochs) const;
  // Row indices of each micro-batch of step `step` (from 0).
  std::vector<std::vector<int64_t>> micro_batches(int64_t step);
  // Epochs gone by after `num_steps` steps, e.g. 1.25.
  double epoch_after(int64_t num_steps) const;

 private:
  const std::vector<int64_t>& order_of(int64_t epoch);
  DataOrderOptions options_;
  int64_t epoch_ = -1;
  std::vector<int64_t> order_;  // of epoch_
};

}  // namespace xlt
