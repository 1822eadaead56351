// SPDX-License-Identifier: Apache-2.0
// A loss is a pure function of log-probabilities: it never sees a model, tokens or a batch. It says which
// rows it reads, owns its options, and is a sum of terms, each a mean with a denominator of its own:
//
//   L = Σ_k 1/N_k · Σ_i l_k(i)        N_k: the step's items of term k, over all of its micro-batches
//
#pragma once

#include "train/train_row.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "xlt/base/config.h"
#include "xlt/base/registry.h"
#include "xlt/dataset/record.h"

namespace xlt {

// An adapter wants a higher learning rate than all weights do, 10 times as much at any rank: Schulman et al.
// 2025, "LoRA Without Regret"; TRL's own example commands say the same.
inline constexpr double kAdapterRateFactor = 10;

// A set of rows that a loss draws a micro-batch from.
struct RowSetSpec {
  const char* name;  // what TrainJob and errors call it
  RowKind kind = RowKind::kText;
  bool uses_reference = false;  // needs SequenceLogps::reference
  // Of labelled rows: each has a second sequence, its prompt with the completion of another row of its batch;
  // rows are then not shuffled.
  bool uses_mismatched = false;
  // Of pairs: each has a third sequence, its prompt, of which every token but the first is a label.
  bool uses_prompt = false;
  // Of texts: needs SequenceLogps::divergence, and nothing else of them.
  bool uses_divergence = false;
};

// What a loss sees of one set's share of a micro-batch. Sequences lie row by row: one of a text or a
// labelled completion, chosen and rejected of a pair, own and mismatched, or chosen, rejected and prompt,
// where the set asks for it.
struct SequenceLogps {
  at::Tensor policy;                // Σ log p of each sequence's labels, float32 [S]; carries gradients
  at::Tensor reference;             // the same under the reference, [S]; undefined where the set uses none
  std::vector<int64_t> num_labels;  // [S]
  std::vector<bool> is_desirable;   // of labelled rows, one a row
  // Σ KL(reference ‖ policy) over the places of each sequence's labels, in nats, [S] float32, with gradients;
  // where the set asks for it, and then the first two are undefined.
  at::Tensor divergence;
};

// A number, or a scalar tensor that nobody has waited for yet: only reading it as a number does.
class StatSum {
 public:
  StatSum(double value) : value_(value) {}
  StatSum(const at::Tensor& scalar) : scalar_(scalar.detach()) {}
  operator double() const { return scalar_.defined() ? scalar_.item<double>() : value_; }
  const at::Tensor& scalar() const { return scalar_; }  // undefined: the number is here

 private:
  double value_ = 0;
  at::Tensor scalar_;
};

// Σ over items, logged as the mean over the items of `term`.
struct LossStat {
  std::string name;  // as in metrics.jsonl
  StatSum sum;       // of a tensor on a GPU best a tensor: a step reads all of them at once
  size_t term = 0;
};

// Sums, not means, so that micro-batches add up: the trainer divides each term by the items of the whole
// step.
struct LossValue {
  std::vector<at::Tensor> terms;  // scalars, Σ over the micro-batch's items; differentiable
  std::vector<LossStat> stats;
};

class Loss {
 public:
  virtual ~Loss() = default;
  // The first set is what is trained on: steps, epochs and evaluation are over its rows. Of every further
  // one, a micro-batch takes as many rows as of the first may be at most, going round without end. Evaluation
  // has the first set only.
  virtual std::vector<RowSetSpec> row_sets() const = 0;
  virtual bool uses_dropout() const = 0;             // whether the adapter's dropout is on while training
  virtual double default_learning_rate() const = 0;  // for training all weights
  // Options of its own, `beta` say. Those of one name are one option for all the losses that have it, so they
  // must agree in type and default.
  virtual void visit(OptionVisitor&) {}
  // What is odd about rows to train on (of the first set), for a warning; empty: nothing.
  virtual std::string oddity_of(std::span<const TrainRow>) const { return {}; }
  // What a row of set number `set` adds to the denominator of each term; nothing to those after the last
  // number.
  virtual std::vector<int64_t> num_items(size_t set, const TrainRow& row) const = 0;
  // `sets`: as row_sets() lists them. At most as many terms as num_items has numbers; one without an item may
  // be undefined.
  virtual LossValue compute(std::span<const SequenceLogps> sets) const = 0;
};

#define XLT_ROWS "train/losses.def"
#define XLT_THING Loss
#define XLT_MAKER loss
#define XLT_LIST losses
#include "xlt/base/expand_table.h"

}  // namespace xlt
