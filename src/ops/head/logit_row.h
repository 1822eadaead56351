// SPDX-License-Identifier: Apache-2.0
// One row of logits to draw from on the CPU: what is kept of it, without a sort of the vocabulary: a bound on
// the logits that can be kept leaves few candidates, a histogram of those finds the bucket in which top-p is
// crossed, and only that is sorted. Inside `ops` only.
#pragma once

#include "ops/head/cpu_head.h"

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "xlt/ops/head/sample.h"

namespace xlt::ops {

struct Candidate {
  int64_t id;
  float logit;
  float weight;  // exp((logit − highest) / temperature)
};

double total_of(const std::vector<Candidate>& candidates);  // Σ weight

// kNumerics.
[[noreturn]] void throw_not_finite();

class LogitRow {
 public:
  LogitRow(const float* logits, int64_t size, double temperature);
  // Of logits that were summed up when they were made.
  LogitRow(const float* logits, int64_t size, double temperature, const LogitSummary& summary, int64_t row);
  LogitRow(const LogitRow&) = delete;
  LogitRow& operator=(const LogitRow&) = delete;

  int64_t most_probable() const;

  // The tokens kept by top-k, then top-p, in ascending order of id.
  std::vector<Candidate> kept(const SampleOptions& options) const;

  // Inverse transform over the whole vocabulary: first among sums of blocks, then inside one.
  int64_t draw(double uniform) const;

 private:
  static constexpr float kLowest = -std::numeric_limits<float>::infinity();

  void find_highest();

  // Σ exp((logit − highest) / temperature) of every block; 0 where the largest of a block has no weight.
  std::vector<double> block_masses() const;

  // Tokens with logits of at least `threshold`, in ascending order of id. Blocks below it are not read.
  std::vector<Candidate> at_least(float threshold) const;

  // In descending order. The k-th largest maximum of a block is a bound: k tokens at least reach it.
  std::vector<Candidate> k_most_probable(size_t k) const;

  // In ascending order of id. Tokens so improbable that they weigh (1 − top_p) · total at most, all together,
  // cannot be needed to reach top_p.
  std::vector<Candidate> smallest_set(double top_p) const;

  const float* logits_;
  int64_t size_;
  double temperature_;
  float factor_, highest_ = 0;
  std::vector<float> own_maxima_;
  std::span<const float> maxima_;
  std::span<const double> sums_;  // LogitSummary's; empty: not known
};

}  // namespace xlt::ops
