// SPDX-License-Identifier: Apache-2.0
// RMSprop (Hinton, Neural Networks for Machine Learning, lecture 6e) as torch.optim.RMSprop computes it: α
// 0.99, ε 1e-8 outside the square root, no momentum, not centred, weight decay coupled (added to the
// gradient):
//
//   g ← g + λ·θ;  s ← α·s + (1 − α)·g²;  θ ← θ − η·g / (√s + ε)
//
#include "train/optimizer.h"

#include <cmath>

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcdiv.h>
#include <ATen/ops/_foreach_addcmul.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_sqrt.h>

namespace xlt {

namespace {

constexpr double kAlpha = 0.99, kAddedToRoot = 1e-8;

class RmsProp : public UpdateRule {
 public:
  std::vector<std::string> moment_names() const override { return {"square_avg"}; }

  void update(float* parameter, const float* gradient, const std::vector<float*>& moments, int64_t begin,
              int64_t end, const UpdateOptions& options) const override {
    const float rate = static_cast<float>(options.learning_rate),
                decay = static_cast<float>(options.weight_decay);
    const float alpha = static_cast<float>(kAlpha), complement = static_cast<float>(1 - kAlpha);
    float* s = moments[0];
    for (int64_t i = begin; i < end; ++i) {
      const float g = gradient[i] + decay * parameter[i];
      s[i] = alpha * s[i] + complement * g * g;
      parameter[i] -= rate * g / (std::sqrt(s[i]) + static_cast<float>(kAddedToRoot));
    }
  }

  void update(const UpdateTensors& tensors, const UpdateOptions& options) const override {
    const std::vector<at::Tensor> g =
        at::_foreach_add(tensors.gradients, tensors.parameters, options.weight_decay);
    const std::vector<at::Tensor>& s = tensors.moments[0];
    at::_foreach_mul_(s, kAlpha);
    at::_foreach_addcmul_(s, g, g, 1 - kAlpha);
    const std::vector<at::Tensor> divisors = at::_foreach_sqrt(s);
    at::_foreach_add_(divisors, kAddedToRoot);
    at::_foreach_addcdiv_(tensors.parameters, g, divisors, -options.learning_rate);
  }
};

}  // namespace

std::unique_ptr<UpdateRule> make_rmsprop_rule() { return std::make_unique<RmsProp>(); }

}  // namespace xlt
