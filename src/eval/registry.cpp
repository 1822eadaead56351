// SPDX-License-Identifier: Apache-2.0
#include "eval/factories.h"

#include "xlt/eval/evaluate.h"

namespace xlt {

namespace {
constexpr Entry<Benchmark> kBenchmarks[] = {
#define X(name) {#name, make_##name##_benchmark},
#include "eval/benchmarks.def"
#undef X
};
}  // namespace

std::span<const Entry<Benchmark>> benchmarks() { return kBenchmarks; }
std::vector<std::string> benchmark_names() { return names_of(benchmarks()); }
std::vector<NamedBenchmark> make_benchmarks() {
  std::vector<NamedBenchmark> made;
  for (const auto& entry : benchmarks()) made.push_back({entry.name, entry.make()});
  return made;
}

const char* name_of(Scoring scoring) { return scoring == Scoring::kPaper ? "paper" : "corrected"; }

}  // namespace xlt
