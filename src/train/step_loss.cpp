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

void add_share(MetricSums& metrics, const LossValue& value, const std::vector<double>& divisors,
               DeferredReads& reads) {
  std::vector<at::Tensor> tensors;
  for (const at::Tensor& term : value.terms)
    if (term.defined()) tensors.push_back(term);
  for (const LossStat& stat : value.stats)
    if (stat.sum.scalar().defined()) tensors.push_back(stat.sum.scalar());
  std::vector<bool> has_term;
  for (const at::Tensor& term : value.terms) has_term.push_back(term.defined());
  reads.add(tensors, [&metrics, has_term, stats = value.stats, divisors](std::span<const double> read) {
    auto next = read.begin();
    double loss = 0;
    for (size_t term = 0; term < has_term.size(); ++term)
      if (has_term[term]) loss += *next++ / divisors[term];
    metrics.add(kLossName, loss);
    for (const LossStat& stat : stats)
      metrics.add(stat.name,
                  (stat.sum.scalar().defined() ? *next++ : double{stat.sum}) / divisors[stat.term]);
  });
}

}  // namespace xlt
