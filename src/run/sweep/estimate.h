// SPDX-License-Identifier: Apache-2.0
// About what a cell takes, from sizes of files and models: a plan, not a measurement.
#pragma once

#include "run/sweep/grid.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "xlt/eval/planned_cells.h"
#include "xlt/models/decoder_footprint.h"

namespace xlt {

// {"num_tokens", "seconds", "memory_bytes", "disk_bytes"}; null where a model or a file cannot be looked at.
// Tokens are four bytes of text, of files above 8 MB as in their first 8; num_tokens of a training are those
// it trains on, its seconds hold the evaluations on the way too (of eval_data only where max_eval_rows says
// how many rows). Seconds are the larger of arithmetic and of memory traffic at the machine's rates: a train
// step of an adapter costs 4 · parameters operations a token, of all weights 6 (where the method asks a
// reference 2 more; with gradient checkpointing 2 more), reading 2, writing one token of a batch of 512 a
// pass over the weights. Memory of a training is that of train/memory_estimate.h, of a batch of its longest
// rows.
class Estimator {
 public:
  explicit Estimator(const MachineRates& machine) : rates_(machine) {}
  Json train(const Json& resolved);
  Json eval(const Json& resolved, const std::vector<PlannedCell>& cells);
  // {"tflops", "tb_per_s", "efficiency", "bytes_per_token"}
  Json machine() const;

 private:
  struct ModelSize {
    bool is_known = false;
    DecoderFootprint footprint;
    double parameters = 0, bytes = 0;
  };
  struct Rows {
    bool is_known = false;
    double count = 0, bytes = 0, longest = 0;  // longest: in bytes
  };
  const ModelSize& size_of(const Json& resolved);
  const Rows& training_rows(const Json& resolved);
  const Rows& lines_of(const std::string& file);
  double seconds(double operations, double bytes);
  void measure_if_needed();

  MachineRates rates_;
  std::map<std::string, ModelSize> sizes_;
  std::map<std::string, Rows> rows_, lines_;
};

}  // namespace xlt
