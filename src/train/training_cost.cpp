// SPDX-License-Identifier: Apache-2.0
#include "xlt/train/training_cost.h"

#include "train/training.h"

#include <algorithm>
#include <numeric>

#include <ATen/core/grad_mode.h>

#include "xlt/base/file.h"

namespace xlt {

namespace {

constexpr int64_t kQuantiles = 4;         // steps looked at between the shortest and the longest
constexpr int64_t kEvaluatedBatches = 8;  // of the rows to evaluate on

int64_t num_tokens(const std::vector<TrainRow>& rows, const std::vector<int64_t>& indices) {
  int64_t sum = 0;
  for (const int64_t index : indices)
    for (const TrainSequence& sequence : rows[index].sequences) sum += sequence.length();
  return sum;
}

int64_t num_labels(const std::vector<TrainRow>& rows, const std::vector<int64_t>& indices) {
  int64_t sum = 0;
  for (const int64_t index : indices)
    for (const TrainSequence& sequence : rows[index].sequences) sum += sequence.num_labels();
  return sum;
}

int64_t num_evaluations(const TrainerOptions& options, int64_t total_steps, bool has_rows) {
  if (!has_rows) return 0;
  const int64_t on_the_way = options.eval_steps > 0 ? total_steps / options.eval_steps : 0;
  const bool ends_on_one = options.eval_steps > 0 && total_steps % options.eval_steps == 0;
  return (options.eval_on_start ? 1 : 0) + on_the_way + (ends_on_one || options.skip_final_eval ? 0 : 1);
}

// Every so many rows, so that short and long ones are among them.
std::vector<TrainRow> spread(const std::vector<TrainRow>& rows, int64_t count) {
  const auto size = static_cast<int64_t>(rows.size());
  if (size <= count) return rows;
  std::vector<TrainRow> some;
  for (int64_t i = 0; i < count; ++i) some.push_back(rows[i * size / count]);
  return some;
}

// Tokens of each step of the first epoch, as far as it is trained on.
std::vector<int64_t> tokens_of_steps(const TrainingData& data, DataOrder& order, TrainPlan& plan) {
  std::vector<int64_t> tokens;
  const int64_t num_steps = std::min(plan.steps_per_epoch, plan.total_steps);
  for (int64_t step = 0; step < num_steps; ++step) {
    tokens.push_back(0);
    for (const std::vector<int64_t>& batch : order.micro_batches(step)) {
      const int64_t own = num_tokens(data.train, batch);
      tokens.back() += own;
      plan.most_tokens = std::max(plan.most_tokens, own);
      plan.most_labels = std::max(plan.most_labels, num_labels(data.train, batch));
    }
  }
  return tokens;
}

// The longest, then one of the middle of each quarter.
std::vector<int64_t> steps_to_look_at(const std::vector<int64_t>& tokens) {
  std::vector<int64_t> by_length(tokens.size());
  std::iota(by_length.begin(), by_length.end(), 0);
  std::stable_sort(by_length.begin(), by_length.end(),
                   [&](int64_t a, int64_t b) { return tokens[a] < tokens[b]; });
  const auto size = static_cast<int64_t>(by_length.size());
  std::vector<int64_t> steps = {by_length.back()};
  for (int64_t i = 0; i < kQuantiles; ++i) steps.push_back(by_length[(2 * i + 1) * size / (2 * kQuantiles)]);
  return steps;
}

TrainPlan plan_of(const TrainingData& data, const DataOrder& order, const TrainerOptions& options,
                  const TrainJob& job) {
  const bool looks_on = !job.monitored.empty() || job.probe;
  TrainPlan plan;
  plan.num_train_rows = static_cast<int64_t>(data.train.size());
  plan.num_eval_rows = static_cast<int64_t>(data.test.size());
  for (const TrainRow& row : data.train) plan.num_tokens += num_data_tokens(row, job, options);
  plan.steps_per_epoch = order.steps_per_epoch();
  plan.total_steps = order.total_steps(options.max_steps, options.num_epochs);
  plan.num_evaluations = num_evaluations(options, plan.total_steps, !data.test.empty() || looks_on);
  return plan;
}

template <typename Work>
double seconds_of(const Work& work) {
  const double begin = monotonic_seconds();
  work();
  return monotonic_seconds() - begin;
}

}  // namespace

// A step costs seconds by its tokens: with the reference's pass the first time, without it in further epochs.
TrainCost Training::measured(double most_seconds) {
  make_folders(job_.output);
  metrics_.begin(0, 0);
  start_seconds_ = monotonic_seconds();
  TrainCost cost{plan_of(data_, order_, options_, job_)};
  for (const TrainedTensor& trained : trained_) cost.num_trainable += trained.tensor.numel();
  const std::vector<int64_t> tokens = tokens_of_steps(data_, order_, cost.plan);
  const std::vector<int64_t> steps = steps_to_look_at(tokens);
  if (reference_ && !reference_->is_always_available()) precompute_some(steps);
  double first = 0, again = 0, num_tokens = 0;
  for (size_t i = 0; i < steps.size(); ++i) {
    if (i > 1 && monotonic_seconds() - start_seconds_ > most_seconds) break;
    const double own = seconds_of([&] { repeat_step(steps[i]); });
    if (i == 0) continue;  // what only the first step does
    first += own;
    again += reference_ ? seconds_of([&] { repeat_step(steps[i]); }) : own;
    num_tokens += static_cast<double>(tokens[steps[i]]);
  }
  const double all = std::accumulate(tokens.begin(), tokens.end(), 0.0);
  const auto num_steps = static_cast<double>(tokens.size());
  const double further = static_cast<double>(cost.plan.total_steps) - num_steps;
  cost.seconds = all / std::max(num_tokens, 1.0) * (first + again * further / std::max(num_steps, 1.0));
  cost.seconds += evaluation_seconds(cost.plan.num_evaluations);
  return cost;
}

// Rows whose log-probs under the initial weights the steps will ask for.
void Training::precompute_some(const std::vector<int64_t>& steps) {
  std::vector<TrainRow> rows = spread(data_.test, kEvaluatedBatches * options_.batch_size);
  for (const int64_t step : steps)
    for (const std::vector<int64_t>& batch : order_.micro_batches(step))
      for (const int64_t index : batch) rows.push_back(data_.train[index]);
  reference_->precompute(rows, options_.batch_size, world_, context_);
}

void Training::repeat_step(int64_t step) {
  state_.step = step;
  make_step();
}

double Training::evaluation_seconds(int64_t num_evaluations) {
  if (num_evaluations == 0) return 0;
  const at::NoGradGuard no_grad;
  double first = 0, again = 0;
  if (!data_.test.empty()) {
    const auto num_rows = static_cast<double>(data_.test.size());
    data_.test = spread(data_.test, kEvaluatedBatches * options_.batch_size);
    const double share = num_rows / static_cast<double>(data_.test.size());
    first = share * seconds_of([&] { evaluated(); });
    again = reference_ ? share * seconds_of([&] { evaluated(); }) : first;
  }
  const double monitoring =
      monitor_.is_empty() ? 0 : seconds_of([&] { monitor_.measured(world_, context_); });
  return first + again * static_cast<double>(num_evaluations - 1) +
         monitoring * static_cast<double>(num_evaluations);
}

TrainPlan plan_training(const TrainJob& job, const TrainerOptions& options, const Context& context) {
  const std::unique_ptr<Loss> loss = loss_of(job, options);
  const TrainingData data = prepare_data(job, options, *loss, context);
  DataOrder order = order_of(job, options, *loss, 0, data.train);
  TrainPlan plan = plan_of(data, order, options, job);
  tokens_of_steps(data, order, plan);
  return plan;
}

TrainCost measure_training(const TrainJob& job, const TrainerOptions& options, double most_seconds,
                           const Context& context) {
  return Training(job, options, loss_of(job, options), context).measured(most_seconds);
}

}  // namespace xlt
