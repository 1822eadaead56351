// SPDX-License-Identifier: Apache-2.0
// Stochastic gradient descent as torch.optim.SGD without momentum: θ ← θ − η·(g + λ·θ). A step's change is
// the gradient itself, which is how tests read gradients off.
#include "train/optimizer.h"

#include <ATen/ops/_foreach_add.h>

namespace xlt {

namespace {

class Sgd : public UpdateRule {
 public:
  std::vector<std::string> moment_names() const override { return {}; }

  void update(float* parameter, const float* gradient, const std::vector<float*>&, int64_t begin, int64_t end,
              const UpdateOptions& options) const override {
    const float rate = static_cast<float>(options.learning_rate),
                decay = static_cast<float>(options.weight_decay);
    for (int64_t i = begin; i < end; ++i) parameter[i] -= rate * (gradient[i] + decay * parameter[i]);
  }

  void update(const UpdateTensors& tensors, const UpdateOptions& options) const override {
    const std::vector<at::Tensor> g =
        at::_foreach_add(tensors.gradients, tensors.parameters, options.weight_decay);
    at::_foreach_add_(tensors.parameters, g, -options.learning_rate);
  }
};

}  // namespace

std::unique_ptr<UpdateRule> make_sgd_rule() { return std::make_unique<Sgd>(); }

}  // namespace xlt
