// SPDX-License-Identifier: Apache-2.0
// Declarations of make_<name>_benchmark, from benchmarks.def.
#pragma once

#include "xlt/eval/benchmark.h"

namespace xlt {

#define XLT_ROWS "eval/benchmarks.def"
#define XLT_THING Benchmark
#define XLT_MAKER benchmark
#define XLT_LIST benchmark_rows
#include "xlt/base/expand_table.h"

}  // namespace xlt
