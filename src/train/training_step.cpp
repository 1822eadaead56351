// SPDX-License-Identifier: Apache-2.0
// One step of a training: its micro-batches, their gradients, the new weights.
#include "train/step_loss.h"
#include "train/trained_tensors.h"
#include "train/training.h"

#include <cmath>
#include <cstdio>
#include <span>

#include <ATen/TensorOperators.h>
#include <c10/util/Exception.h>  // OutOfMemoryError

#include "xlt/base/error.h"
#include "xlt/base/rng.h"
#include "xlt/models/decoder.h"

namespace xlt {

namespace {

// "loss 0.51, margin 0.4, lr 1e-05"; margin: where the method has one.
std::string progress_note(const MetricSums& sums, double learning_rate) {
  const auto number = [](const char* name, double value) {
    char text[64];
    std::snprintf(text, sizeof text, "%s %.3g", name, value);
    return std::string(text);
  };
  std::string note = number("loss", sums.sums().front().second);
  for (const auto& [name, sum] : sums.sums())
    if (name == "rewards/margins") note += ", " + number("margin", sum);
  return note + ", " + number("lr", learning_rate);
}

}  // namespace

Training::StepMetrics Training::make_step() {
  const std::vector<MicroBatch> batches = micro_batches();
  StepMetrics step{};
  DeferredReads reads = new_reads();
  const std::vector<MetricSums> own = accumulate_gradients(batches, reads);
  // To where the losses are, on one device of several.
  reads.add(
      clip_grad_norm(trained_, options_.max_grad_norm, as_on_gpu_).to(job_.decoder->head_weight().device()),
      [&](std::span<const double> norm) { step.grad_norm = norm.front(); });
  reads.read();  // here, once a step, the host of a single rank waits for a GPU
  const MetricSums sums = summed_over_ranks(world_, own);
  on_all_ranks(world_, [&] { update_weights(batches, step); });
  // From here on nothing can be interrupted: the state moves as a whole.
  ++state_.step;
  state_.last_loss = sums.sums().front().second;
  for (const MicroBatch& batch : batches)
    for (const RowBatch& share : batch)
      for (const int64_t index : share.indices)
        state_.num_tokens += num_data_tokens((*share.rows)[index], job_, options_);
  log_step(sums, step);
  step.note = progress_note(sums, step.learning_rate);
  return step;
}

// Of the step to be made, of all ranks together.
std::vector<MicroBatch> Training::micro_batches() {
  std::vector<MicroBatch> batches;
  int64_t number = state_.step * micro_batches_per_step(job_, options_);
  for (std::vector<int64_t>& indices : order_.micro_batches(state_.step)) {
    MicroBatch batch{{&data_.train, std::move(indices)}};
    for (size_t i = 0; i < further_orders_.size(); ++i)
      batch.push_back({&data_.further[i], further_orders_[i].endless_batch(number)});
    ++number;
    batches.push_back(std::move(batch));
  }
  return batches;
}

// On the CPU there is nothing to wait for.
DeferredReads Training::new_reads() const { return DeferredReads(/*at_once=*/!as_on_gpu_); }

// What several ranks learn is read before they go on together: an error must come up where all hear of it.
std::vector<MetricSums> Training::accumulate_gradients(const std::vector<MicroBatch>& batches,
                                                       DeferredReads& reads) {
  const Block block = block_of(static_cast<int64_t>(batches.size()), world_.rank(), world_.world_size());
  const bool is_alone = world_.world_size() == 1;
  std::vector<MetricSums> own;
  on_all_ranks(world_, [&] {
    if (!is_alone) context_.throw_if_interrupted();
    while (!gradients_fit(batches, block, own, reads)) {
    }
    if (!is_alone) reads.read();
  });
  if (reference_) reference_->share(world_);
  sum_gradients_over_ranks(world_, trained_);
  loss_scale().unscale(trained_);
  return own;
}

// False where a GPU had no memory for them: the next try's micro-batches are cut into more parts, and so are
// those of the steps to come. Each rank cuts by itself, because sums over the ranks wait for all of them.
bool Training::gradients_fit(const std::vector<MicroBatch>& batches, Block block,
                             std::vector<MetricSums>& own, DeferredReads& reads) {
  try {
    add_gradients(batches, block, own, reads);
    return true;
  } catch (const c10::OutOfMemoryError&) {
    reads.drop();
    if (!cut_.cut_further(std::span(batches).subspan(block.begin, block.count))) throw;
  }
  context_.warn(
      str_cat("step ", state_.step + 1, ": out of memory; batches are computed in ", cut_.num_parts(),
              " parts from here on, with the same results up to rounding (a smaller batch_size with more "
              "gradient_accumulation_steps does so from the start)"));
  return false;
}

// From nothing, whatever an earlier try left.
void Training::add_gradients(const std::vector<MicroBatch>& batches, Block block,
                             std::vector<MetricSums>& own, DeferredReads& reads) {
  optimizer_.zero_gradients();
  own.assign(static_cast<size_t>(block.count), MetricSums());
  std::optional<uint64_t> dropout;
  if (loss_->uses_dropout() && has_dropout(*job_.decoder))
    dropout = Rng(job_.seed).fork("dropout").fork(static_cast<uint64_t>(state_.step)).key();
  const std::vector<double> divisors = divisors_of(objective_, batches);
  const std::string when = str_cat("step ", state_.step + 1);
  sum_gradients_by_halves(trained_, block.begin, block.count, [&](int64_t i) {
    if (world_.world_size() == 1) context_.throw_if_interrupted();
    for (const MicroBatch& part : cut_.parts_of(batches[i])) {
      const LossValue value = objective_.compute(part, when, reads, dropout);
      const at::Tensor share = share_of(value, divisors);
      if (share.defined() && share.requires_grad()) loss_scale().scaled(share).backward();
      add_share(own[i - block.begin], value, divisors, reads);
    }
  });
}

LossScale Training::loss_scale() {
  return {state_.loss_scale, job_.decoder->placement().dtype == DType::kFloat16};
}

// Knows the norm already, and tells the rate.
void Training::update_weights(const std::vector<MicroBatch>& batches, StepMetrics& metrics) {
  const ScheduleSteps steps{options_.warmup_steps, total_steps_};
  metrics.learning_rate =
      base_learning_rate() * find_schedule(options_.lr_schedule).factor(state_.step, steps);
  // A step that is left out is counted like the others, so that one goes on from a checkpoint by its number.
  const bool is_accepted = loss_scale().accepts(metrics.grad_norm);
  if (!is_accepted) optimizer_.zero_gradients();
  if (is_accepted && !std::isfinite(metrics.grad_norm))
    throw Error(ErrorKind::kNumerics,
                str_cat("step ", state_.step + 1, ": the gradient's norm is ", metrics.grad_norm,
                        "; lower learning_rate, or use float32"),
                "rows from " + data_.train[batches.front().front().indices.front()].place);
  if (as_on_gpu_)
    optimizer_.step_together(metrics.learning_rate);
  else
    optimizer_.step(metrics.learning_rate);
  optimizer_.zero_gradients();
}

}  // namespace xlt
