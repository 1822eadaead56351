// SPDX-License-Identifier: Apache-2.0
// How a model lists its parts: one call a tensor, one a linear layer, with names as on disk.
#pragma once

#include <string>

#include "xlt/models/weighted_model.h"
#include "xlt/nn/layer_norm.h"
#include "xlt/nn/linear.h"
#include "xlt/nn/rms_norm.h"

namespace xlt {

// How a matrix lies on disk; in memory always [out, in].
enum class StoredAs { kOutIn, kInOut };

class PartVisitor {
 public:
  virtual ~PartVisitor() = default;
  virtual void tensor(const std::string& name, at::Tensor& tensor, TensorRole role) = 0;
  // `name` without ".weight" and ".bias".
  virtual void linear(const std::string& name, Linear& linear, StoredAs layout = StoredAs::kOutIn) = 0;
};

// `name` without ".weight" and ".bias".
inline void visit_norm(PartVisitor& visitor, const std::string& name, RmsNorm& norm) {
  const bool offset = norm.casting == ops::RmsNormCasting::kOnePlusWeight;
  visitor.tensor(name + ".weight", norm.weight, offset ? TensorRole::kNormOffset : TensorRole::kNorm);
}
inline void visit_norm(PartVisitor& visitor, const std::string& name, LayerNorm& norm) {
  visitor.tensor(name + ".weight", norm.weight, TensorRole::kNorm);
  if (norm.bias.defined()) visitor.tensor(name + ".bias", norm.bias, TensorRole::kBias);
}

}  // namespace xlt
