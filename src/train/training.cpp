// SPDX-License-Identifier: Apache-2.0
#include "train/training.h"

#include "train/own_default.h"
#include "train/retention.h"
#include "train/step_loss.h"
#include "train/trained_tensors.h"

#include <chrono>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/models/decoder.h"

namespace xlt {

namespace {

std::vector<TrainedTensor> trained_or_fail(Decoder& decoder) {
  std::vector<TrainedTensor> trained = trained_tensors(decoder);
  XLT_CHECK(!trained.empty(), "nothing requires grad: attach an adapter or call train_all_weights first");
  return trained;
}

std::vector<at::Tensor> tensors_of(const std::vector<TrainedTensor>& trained) {
  std::vector<at::Tensor> tensors;
  for (const TrainedTensor& one : trained) tensors.push_back(one.tensor);
  return tensors;
}

double unix_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::vector<DataOrder> further_orders(const TrainJob& job, const TrainerOptions& options, const Loss& loss,
                                      const TrainingData& data) {
  std::vector<DataOrder> orders;
  for (size_t i = 0; i < data.further.size(); ++i)
    orders.emplace_back(order_of(job, options, loss, i + 1, data.further[i]));
  return orders;
}

}  // namespace

std::unique_ptr<Loss> loss_of(const TrainJob& job, const TrainerOptions& options) {
  options.check_combination(job.eval_records.size() > 0, !job.monitored.empty() || job.probe);
  auto loss = find_entry(losses(), "method", options.method).make();
  options.method_options.apply(*loss);
  if (job.further_records.contains(kRetainSet))
    loss = with_retention(std::move(loss), options.retain_kind, options.retain_weight);
  return loss;
}

Training::Training(const TrainJob& job, const TrainerOptions& options, std::unique_ptr<Loss> loss,
                   const Context& context, std::optional<bool> as_on_gpu)
    : alone_(job.world ? nullptr : make_single_world()),
      world_(job.world ? *job.world : *alone_),
      job_(job),
      options_(options),
      context_(context),
      as_on_gpu_(as_on_gpu.value_or(job.decoder->placement().is_cuda)),
      loss_(std::move(loss)),
      data_(prepare_data(job, options, *loss_, context)),
      order_(order_of(job, options, *loss_, 0, data_.train)),
      further_orders_(further_orders(job, options, *loss_, data_)),
      total_steps_(order_.total_steps(options.max_steps, options.num_epochs)),
      trained_(trained_or_fail(*job.decoder)),
      optimizer_(options.optimizer, trained_, options.weight_decay),
      reference_(make_reference(job, options, *loss_, context)),
      monitor_(job, context),
      objective_(*job.decoder, *loss_, reference_.get()),
      cut_(*loss_),
      checkpoints_(job, optimizer_, identity(), may_cut_steps_anew(options, *loss_)),
      metrics_(job.output / "metrics.jsonl") {
  job.decoder->set_gradient_checkpointing(options.gradient_checkpointing);
}

Json Training::identity() const {
  Json identity = {{"method", options_.method},
                   {"seed", job_.seed},
                   {"num_train_rows", data_.train.size()},
                   {"num_eval_rows", data_.test.size()},
                   {"batch_size", options_.batch_size},
                   // Of all ranks together, so that another number of them may go on.
                   {"gradient_accumulation_steps", micro_batches_per_step(job_, options_)},
                   {"optimizer", options_.optimizer},
                   {"shuffle", is_shuffled(options_, *loss_, 0)}};
  // Only where it is on: checkpoints from before there was this option stay good.
  if (options_.drop_last_accumulation) identity["drop_last_accumulation"] = true;
  for (const auto& rows : data_.further) identity["num_further_rows"].push_back(rows.size());
  return identity;
}

double Training::base_learning_rate() const {
  const double own = loss_->default_learning_rate() * (has_adapter(*job_.decoder) ? kAdapterRateFactor : 1);
  return value_or(options_.learning_rate, own);
}

double Training::seconds() const { return state_.seconds + monotonic_seconds() - start_seconds_; }

TrainResult Training::run() {
  start_seconds_ = monotonic_seconds();
  TrainResult result;
  try {
    begin();
    loop();
    if (state_.best_step > 0 && state_.best_step != state_.step) load_best();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInterrupted) throw;
    result.interrupted = true;
    optimizer_.zero_gradients();
    if (!is_saved()) save();
  }
  if (reference_) reference_->flush();
  result.steps = state_.step;
  result.final_loss = state_.last_loss;
  result.best_eval_loss = state_.best_eval_loss;
  result.best_step = state_.best_step;
  result.num_tokens = state_.num_tokens;
  result.seconds = seconds();
  if (const ReferenceStore* store = reference_ ? reference_->store() : nullptr)
    result.reference = {store->num_computed(), store->num_reused()};
  return result;
}

// Reference log-probs that cannot be had later come before the checkpoint is loaded: they belong to the
// weights the job came with.
void Training::begin() {
  make_folders(job_.output);
  if (reference_ && !reference_->is_always_available()) precompute_reference();
  if (job_.resume) load_newest();
  on_first_rank(world_, [&] {
    if (state_.step == 0) checkpoints_.clear();
    metrics_.begin(state_.step, state_.evaluated_step);
    if (options_.tensorboard) begin_events();
  });
  saved_step_ = state_.step;
  saved_evaluated_step_ = state_.evaluated_step;
}

// By rank 0, for all: the others need not see its files, nor as soon as it does.
void Training::load_newest() {
  const std::string bytes = found_by_first_rank(world_, [&] {
    const std::optional<TrainState> state = checkpoints_.load_newest();
    return state ? dump_json(to_json(*state)) : std::string();
  });
  if (bytes.empty()) return;
  const Json json = parse_json(bytes, "state.json");
  state_ = train_state_from_json(JsonView(json, "state.json"));
  optimizer_.set_num_steps(state_.step);
  std::vector<at::Tensor> tensors = tensors_of(trained_);
  for (const auto& [name, tensor] : optimizer_.state()) tensors.push_back(tensor);
  broadcast_tensors(world_, tensors);
}

void Training::load_best() {
  on_first_rank(world_, [&] { checkpoints_.load_weights(state_.best_step); });
  broadcast_tensors(world_, tensors_of(trained_));
}

// Of the rows that metrics.jsonl kept: a row's time follows from its seconds.
void Training::begin_events() {
  events_.emplace(job_.output / "tensorboard" / "events.out.tfevents.xlt", unix_seconds() - state_.seconds);
  std::vector<Json> rows;
  LineReader lines(job_.output / "metrics.jsonl");
  while (const auto line = lines.next()) rows.push_back(parse_json(*line, lines.place()));
  events_->rewrite(rows);
}

void Training::append(const Json& line) {
  metrics_.append(line);
  if (events_) events_->append(line);
}

void Training::precompute_reference() {
  const std::vector<RowSetSpec> sets = loss_->row_sets();
  for (size_t set = 0; set < sets.size(); ++set) {
    if (!sets[set].uses_reference) continue;
    if (set > 0) {
      reference_->precompute(data_.further[set - 1], options_.batch_size, world_, context_);
      continue;
    }
    reference_->precompute(data_.train, options_.batch_size, world_, context_);
    reference_->precompute(data_.test, options_.batch_size, world_, context_);
  }
  reference_->flush();
}

bool Training::is_finished() const {
  const bool out_of_patience = options_.early_stopping_patience > 0 &&
                               state_.evaluations_without_improvement >= options_.early_stopping_patience;
  return state_.step >= total_steps_ || out_of_patience;
}

bool Training::evaluation_is_due() const {
  if ((data_.test.empty() && !looks_on()) || state_.step == 0 || state_.evaluated_step == state_.step)
    return false;
  return (is_finished() && !options_.skip_final_eval) ||
         (options_.eval_steps > 0 && state_.step % options_.eval_steps == 0);
}

// Step 0 needs no checkpoint: it is what every run begins with.
bool Training::is_saved() const {
  return saved_step_ == state_.step && saved_evaluated_step_ == state_.evaluated_step;
}

bool Training::save_is_due() const {
  if (is_saved()) return false;
  return new_best_ || is_finished() || (options_.save_steps > 0 && state_.step % options_.save_steps == 0);
}

void Training::loop() {
  if (state_.step == 0 && options_.eval_on_start) evaluate();
  Progress progress = context_.progress("training", total_steps_, "steps", state_.step);
  while (true) {
    if (evaluation_is_due()) evaluate();
    if (save_is_due()) save();
    if (is_finished()) return;
    const StepMetrics step = make_step();
    progress.advance(1, step.note);
  }
}

Json Training::row(const char* split, const MetricSums& metrics) const {
  Json row = {{"step", state_.step},
              {"epoch", order_.epoch_after(state_.step)},
              {"split", split},
              {kLossName, metrics.sums().empty() ? Json() : Json(metrics.mean(kLossName))}};
  row["num_tokens"] = state_.num_tokens;
  row["seconds"] = seconds();
  for (const auto& [name, sum] : metrics.sums())
    if (name != kLossName) row[name] = metrics.mean(name);
  return row;
}

void Training::log_step(const MetricSums& metrics, const StepMetrics& step) {
  for (const auto& [name, sum] : metrics.sums()) state_.since_log.add(name, sum);
  state_.since_log.add_weight(1);
  if (state_.step % options_.logging_steps != 0 && state_.step < total_steps_) return;
  Json line = row("train", state_.since_log);
  line["learning_rate"] = step.learning_rate;
  line["grad_norm"] = step.grad_norm;
  on_first_rank(world_, [&] { append(line); });
  state_.since_log.clear();
}

void Training::save() {
  TrainState state = state_;
  state.seconds = seconds();
  if (reference_) reference_->flush();  // first: who goes on from this checkpoint looks up what led to it
  on_first_rank(world_, [&] { checkpoints_.save(state, options_.save_total_limit); });
  saved_step_ = state_.step;
  saved_evaluated_step_ = state_.evaluated_step;
  new_best_ = false;
}

TrainResult train(const TrainJob& job, const TrainerOptions& options, const Context& context) {
  std::optional<Training> training;
  const auto begin = [&] { training.emplace(job, options, loss_of(job, options), context); };
  if (job.world)
    on_all_ranks(*job.world, begin);
  else
    begin();
  return training->run();
}

}  // namespace xlt
