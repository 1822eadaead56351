// SPDX-License-Identifier: Apache-2.0
#include "train/step_loss.h"

#include <algorithm>

#include <ATen/TensorOperators.h>

namespace xlt {

std::vector<double> divisors_of(const Objective& objective, std::span<const MicroBatch> batches) {
  std::vector<int64_t> counts;
  for (const MicroBatch& batch : batches) {
    const std::vector<int64_t> items = objective.num_items(batch);
    counts.resize(std::max(counts.size(), items.size()));
    for (size_t term = 0; term < items.size(); ++term) counts[term] += items[term];
  }
  std::vector<double> divisors;
  for (const int64_t count : counts) divisors.push_back(static_cast<double>(std::max<int64_t>(count, 1)));
  return divisors;
}

at::Tensor share_of(const LossValue& value, const std::vector<double>& divisors) {
  at::Tensor share;
  for (size_t term = 0; term < value.terms.size(); ++term) {
    if (!value.terms[term].defined()) continue;
    const at::Tensor part = value.terms[term] / divisors[term];
    share = share.defined() ? share + part : part;
  }
  return share;
}

void add_share(MetricSums& metrics, const LossValue& value, const std::vector<double>& divisors) {
  double loss = 0;
  for (size_t term = 0; term < value.terms.size(); ++term)
    if (value.terms[term].defined()) loss += value.terms[term].item<double>() / divisors[term];
  metrics.add(kLossName, loss);
  for (const LossStat& stat : value.stats) metrics.add(stat.name, stat.sum / divisors[stat.term]);
}

}  // namespace xlt
