// SPDX-License-Identifier: Apache-2.0
// The reference model: the policy as it was before training.
#pragma once

#include "train/deferred_reads.h"
#include "train/pack.h"
#include "train/reference_store.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "xlt/base/context.h"
#include "xlt/parallel/parallel.h"

namespace xlt {

// Of what a loss asks. Log-probs are of given rows and can be kept; distributions over the vocabulary cannot.
struct ReferenceUse {
  bool logps = false, distributions = false;
};

// Where log-probs are kept, and what names the model besides its weights, dtype and device: its config, say.
struct ReferenceCache {
  std::filesystem::path folder;
  std::string model;
  std::string weights = {};  // their fingerprint_of_weights; empty: not known yet
};

class ReferenceModel {
 public:
  // Made before training starts. `kind`: "base", the decoder with its adapter off; "init", with its adapter
  // as it is now (a frozen copy). Without an adapter both mean the weights as they are now: only `precompute`
  // can still ask them, or, where distributions are used, a copy of them all is kept. Log-probs that are
  // computed are kept in, and looked up from, a folder in `cache` that is named after the model: the contents
  // of its weights, dtype, device, and `cache.model`.
  ReferenceModel(Decoder& decoder, const std::string& kind, ReferenceUse use, const ReferenceCache& cache,
                 const Context& context);
  ReferenceModel(const ReferenceModel&) = delete;
  ReferenceModel& operator=(const ReferenceModel&) = delete;

  // Whether the model can be asked at any time of the training.
  bool is_always_available() const { return kind_ != Kind::kWeights || !initial_.empty(); }
  // Σ log p of each sequence of the rows, float32 on the decoder's device: looked up, or computed from
  // `packed`, the same rows. What was computed is kept once `reads` are read; `rows` must live till then.
  at::Tensor logps(const std::vector<TrainRow>& rows, std::span<const int64_t> indices,
                   const PackedRows& packed, DeferredReads& reads);
  // Of every row that is not there yet; each rank takes its batches. Throws kNumerics with the row's place.
  void precompute(const std::vector<TrainRow>& rows, int64_t batch_size, World& world,
                  const Context& context);
  // With several ranks, before anything is asked: from now on rank 0 alone puts on disk what all compute …
  void share_among_ranks(const World& world);
  // … and here every rank gets what the others have computed since the last time.
  void share(World& world);
  // What predicts the labels of the rows that were packed; no gradients.
  ops::HeadRows heads(const PackedRows& packed);
  // Puts what was computed on disk. From time to time this happens of itself.
  void flush();
  // Nothing where log-probs are not used.
  const ReferenceStore* store() const { return store_.get(); }

 private:
  enum class Kind { kBase, kInit, kWeights };
  class Swap;  // puts the reference's weights in for a scope
  at::Tensor compute(const PackedRows& packed);
  std::string name_of_model(const ReferenceCache& cache);
  void visit_initial(const std::function<void(at::Tensor&)>& take);  // what initial_ stands in for
  void flush_sometimes();
  std::vector<int64_t> missing_rows(const std::vector<TrainRow>& rows);
  void compute_rows(const std::vector<TrainRow>& rows, std::span<const int64_t> indices);

  Decoder& decoder_;
  Kind kind_;
  std::vector<at::Tensor> initial_;  // kInit: A, B of each adapter in order; kWeights: all weights, or none
  std::unique_ptr<ReferenceStore> store_;
  double flushed_seconds_ = monotonic_seconds();
};

class Loss;
struct TrainJob;
struct TrainerOptions;
// Null where the loss uses no reference. Borrows the job's decoder and `context`.
std::unique_ptr<ReferenceModel> make_reference(const TrainJob& job, const TrainerOptions& options,
                                               const Loss& loss, const Context& context);

}  // namespace xlt
