// SPDX-License-Identifier: Apache-2.0
// The benchmark behind `xlt eval --completions`: made from files, so it is no row of benchmarks.def.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "xlt/eval/evaluate.h"

namespace xlt {

std::unique_ptr<Benchmark> make_completions_benchmark(const EvalOptions& options);

}  // namespace xlt
