// SPDX-License-Identifier: Apache-2.0
#include "run/dry_run.h"

#include "run/train_run_options.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "xlt/base/error.h"
#include "xlt/base/memory.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/checkpoint/quantized_source.h"

namespace xlt {

namespace {

constexpr double kMostSeconds = 60;     // of looking at steps
constexpr int64_t kUsualTokens = 2048;  // a micro-batch, where its rows are not known yet

// What /proc/self/status says of this process in a line "NAME: 1234 kB", in bytes; 0 where there is none.
int64_t own_bytes(const std::string& name) {
  std::ifstream stream("/proc/self/status");
  for (std::string line; std::getline(stream, line);)
    if (line.starts_with(name + ":")) return 1024 * std::strtoll(line.c_str() + name.size() + 1, nullptr, 10);
  return 0;
}

}  // namespace

DryRun::DryRun(const TrainRunOptions& options, const Placement& where)
    : options_(options), where_(where), program_bytes_(own_bytes("VmRSS")) {}

DecoderFootprint DryRun::footprint() const {
  return footprint_of(*quantized(open_model_source(options_.model), quantization_of(options_)), where_);
}

MemoryEstimate DryRun::reckoned(int64_t num_tokens, int64_t num_labels) const {
  return estimate_memory(footprint(), where_,
                         {.lora_r = trains_adapter(options_) ? options_.adapter.lora_r : 0,
                          .optimizer = options_.trainer.optimizer,
                          .gradient_checkpointing = options_.trainer.gradient_checkpointing,
                          .batch_tokens = num_tokens,
                          .micro_batches = options_.trainer.gradient_accumulation_steps,
                          .label_tokens = num_labels});
}

std::string DryRun::why_not_measured() const {
  if (from_scratch(options_) || where_.is_cuda) return "";
  const int64_t wanted = program_bytes_ + reckoned(kUsualTokens, 0).total();
  const auto memory = machine_memory();
  if (!memory || wanted < memory->available) return "";
  return str_cat("the model takes about ", gib_text(wanted), ", this machine has ",
                 gib_text(memory->available), " left");
}

void DryRun::reckon(const TrainPlan& plan, const std::string& reason) {
  cost_.plan = plan;
  reason_ = reason;
  memory_ = reckoned(plan.most_tokens, plan.most_labels);
  activation_bytes_ = memory_.activations();
  const DecoderFootprint model = footprint();
  num_trainable_ = trains_adapter(options_)
                       ? options_.adapter.lora_r * (model.in_features + model.out_features)
                       : model.num_parameters;
}

void DryRun::measure(const TrainJob& job, const Context& context) {
  cost_ = measure_training(job, options_.trainer, kMostSeconds, context);
  num_trainable_ = cost_.num_trainable;
  memory_ = estimate_trained(num_trainable_, trains_adapter(options_), where_, options_.trainer.optimizer);
  if (!from_scratch(options_)) {
    const MemoryEstimate all = reckoned(cost_.plan.most_tokens, cost_.plan.most_labels);
    memory_.base_weights = all.base_weights;
    memory_.gradients = all.gradients;
    activation_bytes_ = all.activations();
    if (where_.is_cuda) return;
  }
  // What the process held at most; the rest of it is activations.
  activation_bytes_ = std::max<int64_t>(0, own_bytes("VmHWM") - program_bytes_ - memory_.total());
}

Json DryRun::to_json(const Json& config) const {
  const int64_t state = memory_.weights() + memory_.gradients + memory_.optimizer;
  const TrainPlan& plan = cost_.plan;
  Json json = {{"num_train_rows", plan.num_train_rows},
               {"num_eval_rows", plan.num_eval_rows},
               {"num_tokens", plan.num_tokens},
               {"steps_per_epoch", plan.steps_per_epoch},
               {"total_steps", plan.total_steps},
               {"num_evaluations", plan.num_evaluations},
               {"seconds", reason_.empty() ? Json(cost_.seconds) : Json()},
               {"trainable_parameters", num_trainable_},
               {"memory_bytes",
                {{"program", program_bytes_},
                 {"weights", memory_.weights()},
                 {"gradients", memory_.gradients},
                 {"optimizer", memory_.optimizer},
                 {"activations", activation_bytes_},
                 {"total", program_bytes_ + state + activation_bytes_}}},
               {"config", config}};
  if (!reason_.empty()) json["seconds_reason"] = reason_;
  return json;
}

}  // namespace xlt
