// SPDX-License-Identifier: Apache-2.0
// Declarations of make_<name>_benchmark, from benchmarks.def.
#pragma once

#include "xlt/eval/benchmark.h"

namespace xlt {

#define X(name) std::unique_ptr<Benchmark> make_##name##_benchmark();
#include "eval/benchmarks.def"
#undef X

}  // namespace xlt
