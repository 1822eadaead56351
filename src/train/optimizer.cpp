// SPDX-License-Identifier: Apache-2.0
#include "train/optimizer.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros_like.h>

#include "xlt/base/error.h"
#include "xlt/checkpoint/safetensors.h"

namespace xlt {

namespace {

constexpr int64_t kGrain = 16384;  // elements a thread takes at least

void update_on_cpu(const UpdateRule& rule, at::Tensor& parameter, const at::Tensor& gradient,
                   std::vector<at::Tensor>& moments, const UpdateOptions& options) {
  float* values = parameter.mutable_data_ptr<float>();
  const float* gradients = gradient.const_data_ptr<float>();
  std::vector<float*> moment_values;
  for (at::Tensor& moment : moments) moment_values.push_back(moment.mutable_data_ptr<float>());
  at::parallel_for(0, parameter.numel(), kGrain, [&](int64_t begin, int64_t end) {
    rule.update(values, gradients, moment_values, begin, end, options);
  });
}

}  // namespace

Optimizer::Optimizer(const std::string& name, std::vector<TrainedTensor> parameters, double weight_decay)
    : rule_(find_entry(optimizers(), "optimizer", name).make()) {
  const at::NoGradGuard no_grad;
  for (TrainedTensor& parameter : parameters) {
    Slot slot;
    slot.parameter = std::move(parameter);
    const at::Tensor values = slot.parameter.tensor.detach();
    XLT_CHECK(values.is_contiguous(), slot.parameter.name, " is not contiguous");
    slot.master = values.scalar_type() == at::kFloat ? values : values.to(at::kFloat);
    for (size_t i = 0; i < rule_->moment_names().size(); ++i)
      slot.moments.push_back(at::zeros_like(slot.master));
    slot.weight_decay = values.dim() > 1 ? weight_decay : 0.0;
    slots_.push_back(std::move(slot));
  }
}

void Optimizer::step(double learning_rate) {
  const at::NoGradGuard no_grad;
  ++num_steps_;
  for (Slot& slot : slots_)
    if (slot.parameter.tensor.grad().defined()) step_slot(slot, learning_rate);
}

void Optimizer::step_slot(Slot& slot, double learning_rate) {
  const at::Tensor gradient = slot.parameter.tensor.grad().to(at::kFloat).contiguous();
  const UpdateOptions options{learning_rate, slot.weight_decay, num_steps_};
  if (slot.master.is_cpu())
    update_on_cpu(*rule_, slot.master, gradient, slot.moments, options);
  else
    rule_->update(slot.master, gradient, slot.moments, options);
  if (slot.parameter.tensor.scalar_type() != at::kFloat) slot.parameter.tensor.copy_(slot.master);
}

void Optimizer::zero_gradients() {
  for (Slot& slot : slots_) slot.parameter.tensor.mutable_grad().reset();
}

std::vector<std::pair<std::string, at::Tensor>> Optimizer::state() const {
  std::vector<std::pair<std::string, at::Tensor>> state;
  const std::vector<std::string> names = rule_->moment_names();
  for (const Slot& slot : slots_) {
    for (size_t i = 0; i < names.size(); ++i)
      state.emplace_back(slot.parameter.name + "." + names[i], slot.moments[i]);
    if (slot.parameter.tensor.scalar_type() != at::kFloat)
      state.emplace_back(slot.parameter.name + ".master", slot.master);
  }
  return state;
}

void Optimizer::load_state(const std::string& safetensors_file, int64_t num_steps) {
  const at::NoGradGuard no_grad;
  const auto reader = SafetensorsReader::open(safetensors_file);
  for (auto& [name, tensor] : state()) {
    const at::Tensor stored = reader.get(name);
    if (stored.sizes() != tensor.sizes())
      throw Error(ErrorKind::kCheckpoint,
                  str_cat("tensor \"", name, "\" has shape ", stored.sizes(), "; expected ", tensor.sizes()),
                  safetensors_file);
    tensor.copy_(stored);
  }
  num_steps_ = num_steps;
}

}  // namespace xlt
