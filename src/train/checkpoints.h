// SPDX-License-Identifier: Apache-2.0
// RUN/checkpoints/step-N/: weights, optimizer.safetensors, state.json. A folder appears under its name only
// when complete.
#pragma once

#include "train/optimizer.h"
#include "train/train_state.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace xlt {

class Decoder;
struct TrainJob;

class Checkpoints {
 public:
  // Borrows all three. `identity`: what must be the same for a checkpoint to be gone on with (seed, rows,
  // batch …). `may_cut_anew`: of batch_size and gradient_accumulation_steps only their product.
  Checkpoints(const TrainJob& job, Optimizer& optimizer, Json identity, bool may_cut_anew = false);

  // Removes what another run, or a killed one, left behind.
  void clear();
  // Replaces step-N if it exists. Then all but the newest `keep` and the best are removed.
  void save(const TrainState& state, int64_t keep);
  // Newest first: weights into the decoder, state into the optimizer. Nothing: no checkpoint there.
  // Throws kUsage if it was made with another identity, kCheckpoint if its files are damaged or its steps
  // were of another number of rows.
  std::optional<TrainState> load_newest();
  void load_weights(int64_t step);
  bool has(int64_t step) const { return std::filesystem::exists(folder_of(step)); }

 private:
  std::filesystem::path folder_of(int64_t step) const;
  std::vector<int64_t> steps() const;  // descending
  void write_weights(const std::filesystem::path& folder) const;
  void prune(int64_t keep, int64_t best_step) const;
  void remove_leftovers() const;
  TrainState read_state(int64_t step) const;

  const TrainJob& job_;
  Optimizer& optimizer_;
  Json identity_;
  bool may_cut_anew_;
  std::filesystem::path root_;
};

}  // namespace xlt
