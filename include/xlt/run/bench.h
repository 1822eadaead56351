// SPDX-License-Identifier: Apache-2.0
// How fast the work of a study goes on this machine, beside what the machine could do.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "xlt/base/config.h"
#include "xlt/base/context.h"
#include "xlt/base/described.h"
#include "xlt/base/json_fwd.h"
#include "xlt/base/placement.h"
#include "xlt/run/inference.h"

namespace xlt {

// What can be timed, in the order in which it is.
std::vector<Described> bench_works();
std::vector<std::string> bench_work_names();

struct BenchOptions {
  std::vector<std::string> work = bench_work_names();
  std::string data, output;
  int64_t repeats = 5, num_prompts = 4, num_texts = 80, steps = 3;
  void visit(OptionVisitor& v);
};

// → {"version", "config", "code", "env", "machine": {"copy_gb_per_s", "matmul_gflops"}, "matmul": […],
// "work": […]}; every figure is a median of `repeats`, those of "work" with the lowest and the highest beside
// it. Written to options.output if that is not empty. Works on a model need it and `data`, preference
// pairs: their prompts are completed, their chosen answers scored, they are trained on.
Json run_bench(const BenchOptions& options, const ModelChoice& model, const Placement& where, uint64_t seed,
               const Json& config, const Context& context);
// Tables for people.
std::string bench_table(const Json& bench);

}  // namespace xlt
