// SPDX-License-Identifier: Apache-2.0
// A training's look at its held-out rows.
#include "train/step_loss.h"
#include "train/training.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <ATen/core/grad_mode.h>

#include "xlt/base/error.h"

namespace xlt {

namespace {

std::vector<int64_t> indices_of(int64_t begin, int64_t end) {
  std::vector<int64_t> indices(end - begin);
  std::iota(indices.begin(), indices.end(), begin);
  return indices;
}

}  // namespace

// The mean over all held-out items, so that it does not depend on the batch size (transformers averages batch
// means). Each rank takes its share of the batches.
MetricSums Training::evaluated() {
  const int64_t num_rows = static_cast<int64_t>(data_.test.size()), batch_size = options_.batch_size;
  const MicroBatch all{{&data_.test, indices_of(0, num_rows)}};
  const std::vector<double> divisors = divisors_of(objective_, {&all, 1});
  Progress progress = context_.progress("evaluating", num_rows, "rows");
  const int64_t num_batches = (num_rows + batch_size - 1) / batch_size;
  const std::vector<MetricSums> own =
      for_block(world_, context_, num_batches, [&](int64_t i, MetricSums& sums) {
        const MicroBatch batch{
            {&data_.test, indices_of(i * batch_size, std::min((i + 1) * batch_size, num_rows))}};
        DeferredReads reads = new_reads();
        const std::string when = str_cat("evaluation after step ", state_.step);
        add_share(sums, objective_.compute(batch, when, reads), divisors, reads);
        reads.read();
        progress.advance(static_cast<int64_t>(batch.front().indices.size()));
      });
  if (reference_) reference_->share(world_);
  MetricSums metrics = summed_over_ranks(world_, own);
  metrics.add_weight(1);
  return metrics;
}

// Without rows to evaluate on there is no loss, and the rest is what the evaluation is for.
void Training::evaluate() {
  const at::NoGradGuard no_grad;
  const MetricSums metrics = data_.test.empty() ? MetricSums() : evaluated();
  Json line = row("eval", metrics);
  line["learning_rate"] = line["grad_norm"] = nullptr;  // there was no step
  if (!monitor_.is_empty()) line["monitor"] = monitor_.measured(world_, context_);
  on_first_rank(world_, [&] {
    if (job_.probe) job_.probe(state_.step, line);
    append(line);
  });
  state_.evaluated_step = state_.step;
  if (!data_.test.empty() && state_.step > 0) judge(metrics.mean(kLossName));
}

void Training::judge(double loss) {
  new_best_ = std::isnan(state_.best_eval_loss) || loss < state_.best_eval_loss;
  if (new_best_) {
    state_.best_eval_loss = loss;
    state_.best_step = state_.step;
  }
  state_.evaluations_without_improvement = new_best_ ? 0 : state_.evaluations_without_improvement + 1;
}

}  // namespace xlt
