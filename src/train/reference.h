// SPDX-License-Identifier: Apache-2.0
// The reference model of a preference loss: the policy as it was before training.
#pragma once

#include "train/pack.h"

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "xlt/base/context.h"

namespace xlt {

// Rows and, once computed, their log-probs under the reference.
struct RowSet {
  std::vector<TrainRow> rows;
  at::Tensor reference_logps;  // [R, 2] float32 on the CPU; undefined: to be computed each time
};

class ReferenceModel {
 public:
  // Made before training starts. `kind`: "base", the decoder with its adapter off; "init", with its adapter
  // as it is now (a frozen copy). Without an adapter both mean the weights as they are now, which only
  // `precompute` can still ask.
  ReferenceModel(Decoder& decoder, const std::string& kind);
  ReferenceModel(const ReferenceModel&) = delete;
  ReferenceModel& operator=(const ReferenceModel&) = delete;

  // Whether log-probs can be had at any time of the training.
  bool is_always_available() const { return kind_ != Kind::kWeights; }
  // Σ log p of each sequence, [2 · rows] float32 on the decoder's device: looked up, or computed from
  // `packed`.
  at::Tensor logps(const RowSet& set, std::span<const int64_t> indices, const PackedRows& packed);
  // Fills set.reference_logps from RUN/reference/<hash>.safetensors, or computes and writes that file. The
  // hash covers the tokens and the reference's weights, so a file is never taken for another's.
  void precompute(RowSet& set, int64_t batch_size, const std::filesystem::path& folder,
                  const Context& context);

 private:
  enum class Kind { kBase, kInit, kWeights };
  class Swap;  // puts the reference's weights in for a scope
  at::Tensor compute(const PackedRows& packed);
  std::string hash_of(const RowSet& set);

  Decoder& decoder_;
  Kind kind_;
  std::vector<at::Tensor> initial_;  // kInit: A, B of each adapter in order
};

}  // namespace xlt
