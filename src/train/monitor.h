// SPDX-License-Identifier: Apache-2.0
// What a training does to languages that it does not train on: at each evaluation, of texts in each of them,
//
//   bits_per_byte = Σ −log2 π(t_i | t_<i) / bytes        over tokens 2 … n of each text, BOS a context
//   kl_to_base    = mean of KL(base ‖ π), nats           over the same positions
//
// Special tokens are put as the tokenizer puts them, no EOS is appended. A first token that no BOS precedes
// is not counted, and neither are its bytes. Texts beyond the model's context are cut into windows.
#pragma once

#include "train/reference.h"
#include "train/train_row.h"

#include <memory>
#include <string>
#include <vector>

#include "xlt/base/context.h"
#include "xlt/base/json.h"
#include "xlt/parallel/parallel.h"

namespace xlt {

struct TrainJob;

class Monitor {
 public:
  // Of the job's monitored texts, with the decoder as it is before training. Without an adapter it keeps a
  // copy of all weights. Borrows the job.
  Monitor(const TrainJob& job, const Context& context);
  bool is_empty() const { return languages_.empty(); }
  // {language: {"bits_per_byte", "kl_to_base"}} of the decoder as it is; null where the texts have nothing to
  // count. Each rank of the world takes its share. Throws kNumerics where a number is not finite.
  Json measured(World& world, const Context& context);

 private:
  struct Language {
    std::string name;
    int64_t num_bytes = 0, num_positions = 0;
  };
  struct Batch {
    size_t language;
    std::vector<TrainRow> rows;
  };
  void add_text(Language& language, const std::string& text, const TrainJob& job);
  void add_row(size_t language, TrainRow row);

  Decoder& decoder_;
  std::vector<Language> languages_;
  std::vector<Batch> batches_;
  std::unique_ptr<ReferenceModel> base_;
};

}  // namespace xlt
