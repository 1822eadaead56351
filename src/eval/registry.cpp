// SPDX-License-Identifier: Apache-2.0
#include "eval/factories.h"

#include "xlt/eval/evaluate.h"

namespace xlt {

std::span<const Entry<Benchmark>> benchmarks() { return benchmark_rows(); }
std::vector<std::string> benchmark_names() { return names_of(benchmarks()); }
std::vector<NamedBenchmark> make_benchmarks() {
  std::vector<NamedBenchmark> made;
  for (const auto& entry : benchmarks()) made.push_back({entry.name, entry.make()});
  return made;
}

const char* name_of(Scoring scoring) { return scoring == Scoring::kPaper ? "paper" : "corrected"; }

}  // namespace xlt
