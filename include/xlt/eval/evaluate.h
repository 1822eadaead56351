// SPDX-License-Identifier: Apache-2.0
// The evaluation: benchmarks × languages → cells → report.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "xlt/base/config.h"
#include "xlt/base/context.h"
#include "xlt/base/json_fwd.h"
#include "xlt/eval/benchmark.h"

namespace xlt {

// How completions of toxicity prompts are drawn; options that several benchmarks share.
struct SamplingOptions {
  int64_t num_samples = 25, max_new_tokens = 20;
  double temperature = 0.9, top_p = 0.8;
  int64_t top_k = 0;
  void visit(OptionVisitor& v);
};

// Flags of `xlt eval`.
struct EvalOptions {
  std::vector<std::string> benchmarks{"all"}, langs{"all"};
  std::string data, output, baseline, word_lists, lid;
  std::string base;                      // the untouched model's folder
  std::string fluency_model;             // who judges fluency: an encoder-decoder's folder, or a decoder's
  std::vector<std::string> completions;  // files to score instead of asking a model
  std::vector<std::string> scorer;       // specs (make_scorer); empty: the data folder's word lists, if there
  bool panel_majority = false;           // what most of several scorers say, as one scorer more
  std::vector<std::string> card;         // cards of the scorers (xlt card), one each at most
  double scorer_timeout = 600;           // seconds
  double scorer_rate = 0;                // requests a second to a server; 0: as fast as it answers
  int64_t scorer_retries = 6;            // of one request to a server
  std::string scorer_key;                // not visited: a secret, of the environment
  std::string scoring = "both";          // paper | corrected | both
  std::vector<std::string> quirks;   // of switchable_quirks: those that the paper's scoring reproduces too
  int64_t limit = 0;                 // items of each file; 0: all
  std::string limit_order = "head";  // head | random: which ones
  SamplingOptions sampling;
  std::vector<std::string> at_k;   // further k for toxicity at k
  std::vector<std::string> allow;  // settings that may differ from the baseline's
  int64_t bootstrap_samples = 1000;
  bool dry_run = false;  // estimate_evaluation in place of evaluate
  uint64_t seed = 0;     // not visited: the global --seed
  // Benchmarks hold options of their own; copies of an EvalOptions share them.
  std::vector<NamedBenchmark> table = make_benchmarks();
  void visit(OptionVisitor& v);
  bool asks_quirk(std::string_view id) const;
};

inline constexpr const char* kEvaluationTitle =
    "evaluating";  // of the bar over all cells; see NestedProgress

struct EvalResult {
  Json* report() { return report_.get(); }
  std::shared_ptr<Json> report_;
  int64_t num_failed = 0;  // cells that threw; the others are complete
};

// Runs every cell, writes DIR/items/<benchmark>/<lang>.jsonl and DIR/report.json. A finished cell is kept
// under DIR/cells by the hash of all that determines it, so that the same command, run again, does only what
// is missing. `header` holds config, code, env and seeds. A missing file,
// scorer or identifier makes null metrics with a reason.
EvalResult evaluate(const EvalServices& services, const EvalOptions& options, const Json& header,
                    const Context& context);
// What evaluate would cost, from samples of what it would ask: nothing is written. {"cells": [{"benchmark",
// "language", "state": "missing"|"done"|"no data", "n_items", "num_tokens", "seconds", "memory_bytes",
// "measured_seconds"}], "totals": {"num_tokens", "seconds", "memory_bytes", "measured_seconds"}}: `seconds`
// and tokens are those of the whole cell, extrapolated from `measured_seconds` of asking the models; cells,
// completions and scores that are in options.output (which may be empty) cost nothing. `memory_bytes`: the
// most that the process held up to and with this cell, on the host.
Json estimate_evaluation(const EvalServices& services, const EvalOptions& options, const Context& context);
// --at-k as numbers. Throws kUsage for what is none, or none of 1, 2, ….
std::vector<int64_t> at_k_values(const EvalOptions& options);
// The scorers that the options ask for, as make_scorer takes them.
std::vector<std::string> scorer_specs(const EvalOptions& options);
// Names of options that were set and that only the asking of a model heeds: with --completions they would
// be passed over.
std::vector<std::string> options_of_asking(const EvalOptions& options);
// What can be checked before a model is loaded: names, languages, folders. Throws kUsage, kIo.
void check_eval_options(const EvalOptions& options);

// Headline metrics a language, with intervals; beside a baseline before → after, with the paired difference.
std::string report_table(const Json& report);
// What transferred and what it cost, in a sentence or two; empty without a baseline.
std::string report_summary(const Json& report);
std::vector<std::string> benchmark_names();

}  // namespace xlt
