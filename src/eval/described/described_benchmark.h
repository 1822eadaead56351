// SPDX-License-Identifier: Apache-2.0
// A description as a benchmark beside those of the table.
#pragma once

#include <filesystem>
#include <memory>

#include "xlt/eval/benchmark.h"

namespace xlt {

// `data`: the folder whose files it will read, for the groups that its metrics are split by. Throws as
// read_description.
NamedBenchmark make_described_benchmark(const std::filesystem::path& description,
                                        const std::filesystem::path& data);

}  // namespace xlt
