// SPDX-License-Identifier: Apache-2.0
// One training from its first step, or from a checkpoint, to its end.
#pragma once

#include "train/batch_cut.h"
#include "train/checkpoints.h"
#include "train/data_order.h"
#include "train/event_file.h"
#include "train/monitor.h"
#include "train/objective.h"
#include "train/ranks.h"
#include "train/schedule.h"
#include "train/training_data.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "xlt/train/trainer.h"
#include "xlt/train/training_cost.h"

namespace xlt {

// What the options name, with the retention that the job's rows ask for. Throws kUsage for options that do
// not go together.
std::unique_ptr<Loss> loss_of(const TrainJob& job, const TrainerOptions& options);

// Losses and optimisers by their interfaces only: the loop knows none by name.
class Training {
 public:
  // Borrows all but `loss`, which has its options. `as_on_gpu`: launches and reads as for a GPU; nothing:
  // where the decoder is on one.
  Training(const TrainJob& job, const TrainerOptions& options, std::unique_ptr<Loss> loss,
           const Context& context, std::optional<bool> as_on_gpu = {});
  TrainResult run();
  // Instead of `run`: as measure_training has it.
  TrainCost measured(double most_seconds);

 private:
  struct StepMetrics {
    double learning_rate, grad_norm;
    std::string note;  // beside the progress bar
  };
  void begin();
  void load_newest();
  void load_best();
  void begin_events();
  void append(const Json& line);  // to metrics.jsonl, and the event file
  void precompute_reference();
  void loop();
  StepMetrics make_step();
  std::vector<MicroBatch> micro_batches();
  std::vector<MetricSums> accumulate_gradients(const std::vector<MicroBatch>& batches, DeferredReads& reads);
  bool gradients_fit(const std::vector<MicroBatch>& batches, Block block, std::vector<MetricSums>& own,
                     DeferredReads& reads);
  void add_gradients(const std::vector<MicroBatch>& batches, Block block, std::vector<MetricSums>& own,
                     DeferredReads& reads);
  void update_weights(const std::vector<MicroBatch>& batches, StepMetrics& metrics);
  LossScale loss_scale();
  DeferredReads new_reads() const;
  void log_step(const MetricSums& metrics, const StepMetrics& step);
  void evaluate();
  MetricSums evaluated();
  void judge(double loss);
  bool looks_on() const { return !monitor_.is_empty() || job_.probe; }
  void precompute_some(const std::vector<int64_t>& steps);
  void repeat_step(int64_t step);
  double evaluation_seconds(int64_t num_evaluations);
  bool evaluation_is_due() const;
  bool is_finished() const;
  bool is_saved() const;
  bool save_is_due() const;
  void save();
  Json row(const char* split, const MetricSums& metrics) const;
  double seconds() const;
  double base_learning_rate() const;
  Json identity() const;

  std::unique_ptr<World> alone_;  // where the job names no world
  World& world_;
  const TrainJob& job_;
  const TrainerOptions& options_;
  const Context& context_;
  bool as_on_gpu_;
  std::unique_ptr<Loss> loss_;
  TrainingData data_;
  DataOrder order_;
  std::vector<DataOrder> further_orders_;
  int64_t total_steps_;
  std::vector<TrainedTensor> trained_;
  Optimizer optimizer_;
  std::unique_ptr<ReferenceModel> reference_;
  Monitor monitor_;
  Objective objective_;
  BatchCut cut_;
  Checkpoints checkpoints_;
  MetricsFile metrics_;
  std::optional<EventFile> events_;
  TrainState state_;
  int64_t saved_step_ = 0, saved_evaluated_step_ = 0;  // what the newest checkpoint holds
  bool new_best_ = false;
  double start_seconds_ = 0;
};

}  // namespace xlt
