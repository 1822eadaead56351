// SPDX-License-Identifier: Apache-2.0
// Models and scorers that answer a small sample of what they are asked and note what all of it would have
// cost; the other answers are copies. An evaluation with them runs through every benchmark's own code in a
// hundredth of the time (`xlt eval --dry-run`).
//
//   SampledCost cost;
//   SampledLanguageModel lm(model, cost);
//   benchmark.score({…, services with &lm, …});
//   cost.seconds;     // of all that was asked, extrapolated from cost.measured seconds
//
// Work is taken to grow with tokens. Two things keep a small sample honest: requests are drawn as runs of
// neighbours, which share prefixes as the whole does, and a generation has as many rows at a time as the
// whole would have, up to the number from which a row costs the same; to pay for them its completions are cut
// short, and what a further token costs is taken from two lengths.
#pragma once

#include <string>
#include <vector>

#include "xlt/lm/language_model.h"
#include "xlt/lm/seq2seq.h"
#include "xlt/scorers/forwarding_scorer.h"

namespace xlt {

struct SampledCost {
  double seconds = 0, tokens = 0;  // of everything that was asked
  double measured = 0;             // seconds spent on samples
};

// `count` positions as at most eight runs of neighbours, spread over [0, total), ascending.
std::vector<size_t> sample_positions(size_t total, size_t count);

class SampledLanguageModel final : public LanguageModel {
 public:
  // Both must live as long.
  SampledLanguageModel(LanguageModel& model, SampledCost& cost) : model_(model), cost_(cost) {}
  std::vector<std::vector<Completion>> generate(std::span<const GenerateRequest> requests,
                                                const GenerationOptions& options) override;
  std::vector<LogLikelihood> log_likelihood(std::span<const LogLikelihoodRequest> requests) override;
  std::vector<LogLikelihood> rolling_log_likelihood(std::span<const std::string> texts,
                                                    TextStart start) override;
  std::optional<double> bos_log_likelihood() override { return model_.bos_log_likelihood(); }
  std::optional<std::vector<LogLikelihood>> left_padded_log_likelihood(
      std::span<const std::string> texts) override;
  std::optional<std::vector<Divergence>> divergence_from_base(std::span<const std::string> texts,
                                                              TextStart start) override;
  std::optional<std::vector<LogLikelihood>> base_log_likelihood(
      std::span<const LogLikelihoodRequest> requests) override;
  std::vector<std::string> tokenize(std::string_view text) const override { return model_.tokenize(text); }
  const LanguageModelInfo& info() const override { return model_.info(); }
  int64_t num_tokens_computed() const override { return model_.num_tokens_computed(); }

 private:
  LanguageModel& model_;
  SampledCost& cost_;
};

class SampledSeq2Seq final : public Seq2Seq {
 public:
  SampledSeq2Seq(Seq2Seq& model, SampledCost& cost) : model_(model), cost_(cost) {}
  std::vector<LogLikelihood> log_likelihood(std::span<const Seq2SeqRequest> requests) override;
  const Seq2SeqInfo& info() const override { return model_.info(); }

 private:
  Seq2Seq& model_;
  SampledCost& cost_;
};

class SampledScorer final : public ForwardingScorer {
 public:
  SampledScorer(TextScorer& scorer, SampledCost& cost) : ForwardingScorer(scorer), cost_(cost) {}
  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests) override;

 private:
  SampledCost& cost_;
};

}  // namespace xlt
