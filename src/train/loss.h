// SPDX-License-Identifier: Apache-2.0
// A loss is a pure function of log-probabilities: it never sees a model, tokens or a batch.
#pragma once

#include "train/train_row.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "xlt/base/registry.h"

namespace xlt {

struct LossOptions {
  double beta = 0.1, label_smoothing = 0;
};

// Σ log p of each sequence's labels, float32 [S]. Pairs lie as chosen, rejected, chosen, …
struct SequenceLogps {
  at::Tensor policy;     // carries gradients
  at::Tensor reference;  // undefined where the loss needs none
};

// Sums, not means, so that micro-batches add up: the trainer divides by the items of the whole step.
struct LossValue {
  at::Tensor total;                                   // scalar, Σ over items; differentiable
  std::vector<std::pair<std::string, double>> stats;  // Σ over items, named as in metrics.jsonl
};

class Loss {
 public:
  virtual ~Loss() = default;
  virtual bool uses_pairs() const = 0;      // reads preference pairs rather than texts
  virtual bool uses_reference() const = 0;  // needs SequenceLogps::reference
  virtual bool uses_dropout() const = 0;    // whether the adapter's dropout is on while training
  virtual double default_learning_rate() const = 0;
  // How much of what the loss is a mean over (labels, pairs …) a row brings.
  virtual int64_t num_items(const TrainRow& row) const = 0;
  virtual LossValue compute(const SequenceLogps& logps, const LossOptions& options) const = 0;
};

#define X(name) std::unique_ptr<Loss> make_##name##_loss();
#include "train/losses.def"
#undef X

std::span<const Entry<Loss>> losses();

}  // namespace xlt
