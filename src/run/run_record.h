// SPDX-License-Identifier: Apache-2.0
// What run.json says of a training before it begins: with what it is made, and on what.
#pragma once

#include <cstdint>

#include "xlt/base/json_fwd.h"
#include "xlt/base/placement.h"

namespace xlt {

struct TrainRunOptions;
class World;

// {"version", "command", "status", "ranks", "config", "code", "env", "seeds", "num_rows", "data", "inputs"};
// the last two name files with their hashes. Throws kIo for one that cannot be read.
Json run_record(const TrainRunOptions& options, const Placement& where, uint64_t seed, const Json& config,
                int64_t num_rows, int64_t ranks);
// What decides a run's outcome has to be the same on every rank: throws kUsage on all of them, naming the
// lowest rank that differs from rank 0, and in what.
void check_alike(World& world, const Json& record);

}  // namespace xlt
