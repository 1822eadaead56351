// SPDX-License-Identifier: Apache-2.0
// Base product plus adapter.
#include "xlt/nn/linear.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/max.h>
#include <ATen/ops/sub.h>

#include "xlt/base/error.h"
#include "xlt/base/rng.h"
#include "xlt/ops/matmul/gguf.h"

namespace xlt {

namespace {

const QuantizedWeight& quantized(const LinearWeight& weight) {
  return *std::get<std::shared_ptr<const QuantizedWeight>>(weight);
}

}  // namespace

at::Tensor Linear::forward(const at::Tensor& x, const std::optional<DropoutKeys>& dropout) const {
  if (!adapter_ || !adapter_enabled_) return product(x, weight_, bias_);
  ops::Dropout mask;
  if (dropout && adapter_->dropout > 0)
    mask = {adapter_->dropout, Rng(dropout->pass).fork(adapter_->module).key(), dropout->rows};
  return adapter_->forward(x, weight_, bias_, mask);
}

int64_t Linear::out_features() const {
  const auto* tensor = std::get_if<at::Tensor>(&weight_);
  return tensor ? tensor->size(0) : quantized(weight_).out_features();
}

int64_t Linear::in_features() const {
  const auto* tensor = std::get_if<at::Tensor>(&weight_);
  return tensor ? ops::columns_of(*tensor) : quantized(weight_).in_features();
}

at::Device Linear::device() const {
  const auto* tensor = std::get_if<at::Tensor>(&weight_);
  return tensor ? tensor->device() : quantized(weight_).device();
}

void Linear::visit_parameters(const TensorVisitor& take) {
  if (auto* tensor = std::get_if<at::Tensor>(&weight_)) take("weight", *tensor);
  if (bias_.defined()) take("bias", bias_);
}

void Linear::quantize(const Quantization& quantization) {
  XLT_CHECK(!is_quantized(), "a weight is quantised twice");
  const at::NoGradGuard no_grad;
  weight_ = quantization.quantize(std::get<at::Tensor>(weight_));
}

double Linear::merge_adapter(at::ScalarType dtype) {
  XLT_CHECK(adapter_ != nullptr, "no adapter to merge");
  const at::NoGradGuard no_grad;
  const at::Tensor exact = adapter_->merged(dense_weight(at::kFloat));
  const at::Tensor rounded = exact.to(dtype);
  const double largest = exact.abs().max().item<double>();
  const double error = rounded.to(at::kFloat).sub(exact).abs().max().item<double>();
  weight_ = rounded;
  adapter_.reset();
  return largest > 0 ? error / largest : 0.0;
}

}  // namespace xlt
