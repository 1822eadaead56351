// SPDX-License-Identifier: Apache-2.0
// AdamW: Loshchilov & Hutter 2019, "Decoupled Weight Decay Regularization" (arXiv 1711.05101), as
// torch.optim.AdamW computes it (β 0.9 / 0.999, ε 1e-8 outside the square root, both moments bias-corrected):
//
//   θ ← θ·(1 − η·λ);  m ← m + (1 − β₁)(g − m);  v ← β₂·v + (1 − β₂)·g²
//   θ ← θ − η/(1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)
//
#include "train/optimizer.h"

#include <cmath>

#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/full.h>

namespace xlt {

namespace {

constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEps = 1e-8;

struct Scalars {
  double keep, step_size, root_correction;
  explicit Scalars(const UpdateOptions& options)
      : keep(1 - options.learning_rate * options.weight_decay),
        step_size(options.learning_rate / (1 - std::pow(kBeta1, options.step))),
        root_correction(std::sqrt(1 - std::pow(kBeta2, options.step))) {}
};

class AdamW : public UpdateRule {
 public:
  std::vector<std::string> moment_names() const override { return {"exp_avg", "exp_avg_sq"}; }

  void update(float* parameter, const float* gradient, const std::vector<float*>& moments, int64_t begin,
              int64_t end, const UpdateOptions& options) const override {
    const Scalars scalars(options);
    const float keep = static_cast<float>(scalars.keep), step_size = static_cast<float>(scalars.step_size);
    const float inverse_root = static_cast<float>(1 / scalars.root_correction);
    const float rate1 = static_cast<float>(1 - kBeta1), beta2 = static_cast<float>(kBeta2),
                rate2 = static_cast<float>(1 - kBeta2);
    float *m = moments[0], *v = moments[1];
    for (int64_t i = begin; i < end; ++i) {
      m[i] += rate1 * (gradient[i] - m[i]);
      v[i] = beta2 * v[i] + rate2 * gradient[i] * gradient[i];
      parameter[i] = keep * parameter[i] -
                     step_size * m[i] / (std::sqrt(v[i]) * inverse_root + static_cast<float>(kEps));
    }
  }

  // The operator reads a step count of each parameter and writes none, so one serves them all.
  void update(const UpdateTensors& tensors, const UpdateOptions& options) const override {
    const at::Tensor step =
        at::full({}, static_cast<double>(options.step), tensors.parameters.front().options());
    const std::vector<at::Tensor> steps(tensors.parameters.size(), step);
    at::_fused_adamw_(tensors.parameters, tensors.gradients, tensors.moments[0], tensors.moments[1],
                      /*max_exp_avg_sqs=*/{}, steps, options.learning_rate, kBeta1, kBeta2,
                      options.weight_decay, kEps, /*amsgrad=*/false, /*maximize=*/false);
  }
};

}  // namespace

std::unique_ptr<UpdateRule> make_adamw_rule() { return std::make_unique<AdamW>(); }

}  // namespace xlt
