// SPDX-License-Identifier: Apache-2.0
// A linear layer y = x·Wᵀ + b, its weight dense or quantised, that may carry an adapter.
//
//   Linear layer(weight);                                       // [out, in]
//   layer.quantize(*find_entry(quantizations(), "quantization", "nf4").make());
//   layer.attach(std::make_unique<LoraAdapter>(a, b, alpha / r));
//   at::Tensor y = layer.forward(x, pass.dropout);
//
#pragma once

#include <memory>
#include <optional>

#include <ATen/core/Tensor.h>

#include "xlt/nn/dropout_keys.h"
#include "xlt/nn/linear_adapter.h"
#include "xlt/nn/linear_weight.h"

namespace xlt {

class Linear {
 public:
  Linear() = default;
  explicit Linear(LinearWeight weight, at::Tensor bias = {})
      : weight_(std::move(weight)), bias_(std::move(bias)) {}

  // x [N, in] → [N, out]. `dropout`: of this pass, with a name for every row of x; nothing: no dropout.
  at::Tensor forward(const at::Tensor& x, const std::optional<DropoutKeys>& dropout) const;

  int64_t out_features() const;
  int64_t in_features() const;
  at::Device device() const;
  bool is_quantized() const { return !std::holds_alternative<at::Tensor>(weight_); }
  // The weight's values as [out, in] of `dtype`, the adapter left out; no copy of a dense one that is of it.
  at::Tensor dense_weight(at::ScalarType dtype) const { return dense(weight_, dtype); }

  // For loading, saving and training: "weight" [out, in] and, where there is one, "bias" [out]. A tensor may
  // be exchanged for another of its shape. A quantised weight is frozen and not among them.
  void visit_parameters(const TensorVisitor& take);
  // From now on the weight is what `quantization` makes of it. Throws kInternal if it is quantised already.
  void quantize(const Quantization& quantization);

  // Lays an adapter on the weight, in place of one that is there.
  void attach(std::unique_ptr<LinearAdapter> adapter) { adapter_ = std::move(adapter); }
  // Null where there is none.
  LinearAdapter* adapter() { return adapter_.get(); }
  const LinearAdapter* adapter() const { return adapter_.get(); }
  std::unique_ptr<LinearAdapter> detach_adapter() { return std::move(adapter_); }
  // The reference model of DPO is the policy with its adapters off.
  void set_adapter_enabled(bool enabled) { adapter_enabled_ = enabled; }
  // The weight takes in the adapter (in float32, rounded once to `dtype`, dense even where it was quantised),
  // which is then gone. Returns the largest |rounding error| relative to the largest |weight|.
  double merge_adapter(at::ScalarType dtype);

 private:
  LinearWeight weight_;
  at::Tensor bias_;
  std::unique_ptr<LinearAdapter> adapter_;
  bool adapter_enabled_ = true;
};

}  // namespace xlt
