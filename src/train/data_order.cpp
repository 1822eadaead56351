// SPDX-License-Identifier: Apache-2.0
#include "train/data_order.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "xlt/base/rng.h"

namespace xlt {

namespace {

int64_t ceil_divide(int64_t a, int64_t b) { return (a + b - 1) / b; }

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

int64_t DataOrder::steps_per_epoch() const {
  return std::max<int64_t>(ceil_divide(batches_per_epoch(), options_.gradient_accumulation_steps), 1);
}

int64_t DataOrder::total_steps(int64_t max_steps, double num_epochs) const {
  if (max_steps > 0) return max_steps;
  return static_cast<int64_t>(std::ceil(num_epochs * static_cast<double>(steps_per_epoch())));
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

std::vector<std::vector<int64_t>> DataOrder::micro_batches(int64_t step) {
  const std::vector<int64_t>& order = order_of(step / steps_per_epoch());
  const int64_t first_batch = step % steps_per_epoch() * options_.gradient_accumulation_steps;
  const int64_t last_batch =
      std::min(first_batch + options_.gradient_accumulation_steps, batches_per_epoch());
  std::vector<std::vector<int64_t>> batches;
  for (int64_t batch = first_batch; batch < last_batch; ++batch) {
    const int64_t begin = batch * options_.batch_size,
                  end = std::min(begin + options_.batch_size, options_.num_rows);
    batches.emplace_back(order.begin() + begin, order.begin() + end);
  }
  return batches;
}

double DataOrder::epoch_after(int64_t num_steps) const {
  const int64_t batches =
      std::min(num_steps % steps_per_epoch() * options_.gradient_accumulation_steps, batches_per_epoch());
  return static_cast<double>(num_steps / steps_per_epoch()) +
         static_cast<double>(batches) / static_cast<double>(batches_per_epoch());
}

}  // namespace xlt
