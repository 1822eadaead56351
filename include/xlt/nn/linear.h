// SPDX-License-Identifier: Apache-2.0
// A linear layer that may carry a LoRA adapter (Hu et al. 2021): y = x·Wᵀ + b + (alpha/r)·x·Aᵀ·Bᵀ.
#pragma once

#include <optional>
#include <string>

#include <ATen/core/Tensor.h>

#include "xlt/base/rng.h"

namespace xlt {

struct LoraAdapter {
  at::Tensor a, b;     // [r, in], [out, r]; float32
  double scale = 1.0;  // alpha / r
  double dropout = 0;  // on the adapter's input, where a stream of masks was set
};

class Linear {
 public:
  Linear() = default;
  explicit Linear(at::Tensor weight, at::Tensor bias = {})
      : weight_(std::move(weight)), bias_(std::move(bias)) {}
  // x [N, in] → [N, out]
  at::Tensor forward(const at::Tensor& x) const;

  at::Tensor& weight() { return weight_; }  // [out, in]
  const at::Tensor& weight() const { return weight_; }
  at::Tensor& bias() { return bias_; }  // [out], or undefined
  const at::Tensor& bias() const { return bias_; }
  std::optional<LoraAdapter>& adapter() { return adapter_; }
  const std::optional<LoraAdapter>& adapter() const { return adapter_; }
  // The reference model of DPO is the policy with its adapters off.
  void set_adapter_enabled(bool enabled) { adapter_enabled_ = enabled; }
  // Every forward pass draws its dropout mask's key from here; nothing: no dropout.
  void set_dropout_stream(std::optional<Rng> stream) { dropout_stream_ = stream; }

 private:
  at::Tensor weight_, bias_;
  std::optional<LoraAdapter> adapter_;
  bool adapter_enabled_ = true;
  mutable std::optional<Rng> dropout_stream_;  // moves on with every pass
};

}  // namespace xlt
