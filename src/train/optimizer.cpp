// SPDX-License-Identifier: Apache-2.0
#include "train/optimizer.h"

#include <map>

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/zeros_like.h>

#include "xlt/base/error.h"
#include "xlt/checkpoint/safetensors.h"

namespace xlt {

namespace {

constexpr int64_t kGrain = 16384;  // elements a thread takes at least
// Elements of parameters that are stepped together: what an update needs besides, float32 gradients of narrow
// weights say, is this large and not as large as all weights.
constexpr int64_t kTogether = int64_t{1} << 26;

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
  if (!slots_.empty() && !slots_.front().master.is_cpu()) return step_together(learning_rate);
  const at::NoGradGuard no_grad;
  ++num_steps_;
  for (Slot& slot : slots_)
    if (slot.parameter.tensor.grad().defined()) step_on_cpu(slot, learning_rate);
}

void Optimizer::step_on_cpu(Slot& slot, double learning_rate) {
  const at::Tensor gradient = slot.parameter.tensor.grad().to(at::kFloat).contiguous();
  update_on_cpu(*rule_, slot.master, gradient, slot.moments, {learning_rate, slot.weight_decay, num_steps_});
  if (slot.parameter.tensor.scalar_type() != at::kFloat) slot.parameter.tensor.copy_(slot.master);
}

void Optimizer::step_together(double learning_rate) {
  const at::NoGradGuard no_grad;
  ++num_steps_;
  std::map<std::pair<double, at::DeviceIndex>, std::vector<Slot*>> groups;  // by weight decay and device
  for (Slot& slot : slots_)
    if (slot.parameter.tensor.grad().defined())
      groups[{slot.weight_decay, slot.master.device().index()}].push_back(&slot);
  for (const auto& [alike, group] : groups) {
    std::vector<Slot*> together;
    int64_t num_elements = 0;
    for (Slot* slot : group) {
      if (!together.empty() && num_elements + slot->master.numel() > kTogether) {
        step_slots(together, learning_rate);
        together.clear();
        num_elements = 0;
      }
      together.push_back(slot);
      num_elements += slot->master.numel();
    }
    step_slots(together, learning_rate);
  }
}

// Of one weight decay, on one device.
void Optimizer::step_slots(const std::vector<Slot*>& slots, double learning_rate) {
  UpdateTensors tensors;
  tensors.moments.resize(rule_->moment_names().size());
  std::vector<at::Tensor> narrow, masters;
  for (Slot* slot : slots) {
    const at::Tensor& parameter = slot->parameter.tensor;
    tensors.parameters.push_back(slot->master);
    tensors.gradients.push_back(parameter.grad().to(at::kFloat).contiguous());
    for (size_t i = 0; i < slot->moments.size(); ++i) tensors.moments[i].push_back(slot->moments[i]);
    if (parameter.scalar_type() == at::kFloat) continue;
    narrow.push_back(parameter);
    masters.push_back(slot->master);
  }
  rule_->update(tensors, {learning_rate, slots.front()->weight_decay, num_steps_});
  if (!narrow.empty()) at::_foreach_copy_(narrow, masters);
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
