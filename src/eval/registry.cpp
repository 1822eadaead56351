// SPDX-License-Identifier: Apache-2.0
#include "eval/factories.h"

#include "xlt/eval/evaluate.h"
#include "xlt/eval/scorer.h"

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
std::vector<std::string> scorer_names() { return {"word_list"}; }

}  // namespace xlt
