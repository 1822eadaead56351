// SPDX-License-Identifier: Apache-2.0
// Optimisers, equal to torch.optim's of the same names.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "xlt/base/registry.h"

namespace xlt {

// What one update is told besides the tensors.
struct UpdateOptions {
  double learning_rate = 0, weight_decay = 0;
  int64_t step = 1;  // from 1
};

// Tensors of several parameters, one of each parameter in every list: values, gradients, and of each moment
// of the rule.
struct UpdateTensors {
  std::vector<at::Tensor> parameters, gradients;
  std::vector<std::vector<at::Tensor>> moments;
};

// How parameters move. All tensors float32 and contiguous; moments are the rule's own, zero at first.
class UpdateRule {
 public:
  virtual ~UpdateRule() = default;
  virtual std::vector<std::string> moment_names() const = 0;
  // CPU: elements [begin, end) of one parameter in one pass over memory.
  virtual void update(float* parameter, const float* gradient, const std::vector<float*>& moments,
                      int64_t begin, int64_t end, const UpdateOptions& options) const = 0;
  // Any other device: of all parameters together, by libtorch's operators on lists, which take a few kernels
  // where single tensors take a few each. Same arithmetic.
  virtual void update(const UpdateTensors& tensors, const UpdateOptions& options) const = 0;
};

#define XLT_ROWS "train/optimizers.def"
#define XLT_THING UpdateRule
#define XLT_MAKER rule
#define XLT_LIST optimizers
#include "xlt/base/expand_table.h"

// A weight that is trained: a handle on the decoder's own tensor (requires grad).
struct TrainedTensor {
  std::string name;
  at::Tensor tensor;
};

class Optimizer {
 public:
  // Weight decay acts on matrices only, not on norms and biases (transformers' `get_decay_parameter_names`).
  // Weights narrower than float32 are stepped through a float32 copy, so that small updates are not lost in
  // rounding.
  Optimizer(const std::string& name, std::vector<TrainedTensor> parameters, double weight_decay);

  // Consumes the gradients. A parameter without one is left alone, but its step count moves with the others'.
  void step(double learning_rate);
  // What `step` does on any device but the CPU; works there too.
  void step_together(double learning_rate);
  void zero_gradients();
  int64_t num_steps() const { return num_steps_; }

  // "<parameter>.<moment>", and "<parameter>.master" for narrow weights.
  std::vector<std::pair<std::string, at::Tensor>> state() const;
  // Copies into the tensors of `state`. Throws kCheckpoint for a missing or misshapen one.
  void load_state(const std::string& safetensors_file, int64_t num_steps);
  // For who fills the tensors of `state` otherwise.
  void set_num_steps(int64_t num_steps) { num_steps_ = num_steps; }

 private:
  struct Slot {
    TrainedTensor parameter;
    at::Tensor master;  // the parameter itself where that is float32
    std::vector<at::Tensor> moments;
    double weight_decay = 0;
  };
  void step_on_cpu(Slot& slot, double learning_rate);
  void step_slots(const std::vector<Slot*>& slots, double learning_rate);

  std::unique_ptr<UpdateRule> rule_;
  std::vector<Slot> slots_;
  int64_t num_steps_ = 0;
};

// √Σ‖g‖² over all gradients; they are scaled by max_norm / (norm + 1e-6) where that is below 1, as torch's
// clip_grad_norm_. max_norm 0: not clipped. Returns the norm before clipping, a float32 scalar where the
// gradients are: off the CPU nothing is read back for this. `as_on_gpu`: so on the CPU too.
at::Tensor clip_grad_norm(const std::vector<TrainedTensor>& parameters, double max_norm,
                          bool as_on_gpu = false);

}  // namespace xlt
