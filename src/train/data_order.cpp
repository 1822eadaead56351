// SPDX-License-Identifier: Apache-2.0
#include "train/data_order.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "xlt/base/error.h"
#include "xlt/base/rng.h"

namespace xlt {

namespace {

// Without a + b, which a batch size without bound would overflow.
int64_t ceil_divide(int64_t a, int64_t b) { return a / b + (a % b > 0 ? 1 : 0); }

std::vector<int64_t> file_order_of(int64_t size) {
  std::vector<int64_t> order(size);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

}  // namespace

Split split_rows(int64_t num_rows, double fraction, uint64_t seed, bool file_order) {
  if (fraction <= 0) return {file_order_of(num_rows), {}};
  const std::vector<int64_t> order = numpy_permutation(seed, num_rows);
  const int64_t num_test =
      std::min(num_rows, static_cast<int64_t>(std::ceil(fraction * static_cast<double>(num_rows))));
  Split split;
  split.test.assign(order.begin(), order.begin() + num_test);
  split.train.assign(order.begin() + num_test, order.end());
  if (file_order) std::sort(split.train.begin(), split.train.end());
  return split;
}

int64_t DataOrder::batches_per_epoch() const { return ceil_divide(options_.num_rows, options_.batch_size); }

// Up is transformers 5.23's `set_initial_training_values`, which TRL 1.16 trains by; down is
// transformers 4.44's. Differs from the latter: there the batches left over go into the next epoch's first
// step, so that no row is left out but the last epoch's end; the count of steps is the same.
int64_t DataOrder::steps_per_epoch() const {
  const int64_t accumulation = options_.gradient_accumulation_steps;
  const int64_t steps = options_.last_accumulation == LastAccumulation::kDrop
                            ? batches_per_epoch() / accumulation
                            : ceil_divide(batches_per_epoch(), accumulation);
  return std::max<int64_t>(steps, 1);
}

int64_t DataOrder::total_steps(int64_t max_steps, double num_epochs) const {
  if (max_steps > 0) return max_steps;
  constexpr double kMostSteps = 9007199254740992.0;  // 2^53: up to here doubles count exactly
  const double steps = std::ceil(num_epochs * static_cast<double>(steps_per_epoch()));
  if (!(steps <= kMostSteps))
    throw Error(ErrorKind::kUsage, str_cat("num_epochs ", num_epochs, " of ", steps_per_epoch(),
                                           " steps each make more steps than can be counted; give fewer"));
  return static_cast<int64_t>(steps);
}

const std::vector<int64_t>& DataOrder::order_of(int64_t epoch) {
  if (epoch_ != epoch) {
    order_ = options_.shuffle ? Rng(options_.seed)
                                    .fork("order")
                                    .fork(static_cast<uint64_t>(epoch))
                                    .permutation(options_.num_rows)
                              : file_order_of(options_.num_rows);
    epoch_ = epoch;
  }
  return order_;
}

// Below batches_per_epoch, so nothing overflows.
int64_t DataOrder::first_batch_of(int64_t step) const {
  return step % steps_per_epoch() * options_.gradient_accumulation_steps;
}

std::vector<std::vector<int64_t>> DataOrder::micro_batches(int64_t step) {
  const std::vector<int64_t>& order = order_of(step / steps_per_epoch());
  const int64_t first_batch = first_batch_of(step);
  const int64_t num_batches =
      std::min(options_.gradient_accumulation_steps, batches_per_epoch() - first_batch);
  std::vector<std::vector<int64_t>> batches;
  for (int64_t batch = first_batch; batch < first_batch + num_batches; ++batch) {
    const int64_t begin = batch * options_.batch_size,
                  count = std::min(options_.batch_size, options_.num_rows - begin);
    batches.emplace_back(order.begin() + begin, order.begin() + begin + count);
  }
  return batches;
}

std::vector<int64_t> DataOrder::endless_batch(int64_t batch) {
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < options_.batch_size; ++i) {
    const int64_t position = batch * options_.batch_size + i;
    indices.push_back(order_of(position / options_.num_rows)[position % options_.num_rows]);
  }
  return indices;
}

double DataOrder::epoch_after(int64_t num_steps) const {
  return static_cast<double>(num_steps / steps_per_epoch()) +
         static_cast<double>(first_batch_of(num_steps)) / static_cast<double>(batches_per_epoch());
}

}  // namespace xlt
