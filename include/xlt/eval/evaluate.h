// SPDX-License-Identifier: Apache-2.0
// The evaluation: benchmarks × languages → cells → report.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "xlt/base/config.h"
#include "xlt/base/context.h"
#include "xlt/base/json_fwd.h"

namespace xlt {

class LanguageModel;

// Flags of `xlt eval`.
struct EvalOptions {
  std::vector<std::string> benchmarks{"all"}, langs{"all"};
  std::string data, output, baseline, word_lists, lid;
  std::string scoring = "both";  // paper | corrected | both
  int64_t limit = 0;             // first items of each file; 0: all
  int64_t num_samples = 25, max_new_tokens = 20, continuation_tokens = 100;
  double temperature = 0.9, top_p = 0.8;
  int64_t top_k = 0;
  int64_t bootstrap_samples = 1000;
  uint64_t seed = 0;  // not visited: the global --seed
  void visit(OptionVisitor& v);
};

struct EvalResult {
  Json* report() { return report_.get(); }
  std::shared_ptr<Json> report_;
  int64_t num_failed = 0;  // cells that threw; the others are complete
};

// Runs every cell, writes DIR/items/<benchmark>/<lang>.jsonl and DIR/report.json. A finished cell is kept
// under DIR/cells by the hash of all that determines it, so that the same command, run again, does only what
// is missing. `header` holds config, code, env and seeds; `model_key` identifies the weights. A missing file,
// list or identifier makes null metrics with a reason.
EvalResult evaluate(LanguageModel& lm, const EvalOptions& options, const Json& header,
                    const std::string& model_key, const Context& context);
// What can be checked before a model is loaded: names, languages, folders. Throws kUsage, kIo.
void check_eval_options(const EvalOptions& options);

// Headline metrics a language, with intervals; beside a baseline before → after, with the paired difference.
std::string report_table(const Json& report);
// What transferred and what it cost, in a sentence or two; empty without a baseline.
std::string report_summary(const Json& report);
std::vector<std::string> benchmark_names();

}  // namespace xlt
