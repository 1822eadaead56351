// SPDX-License-Identifier: Apache-2.0
// A command among the ranks that a launcher started: torchrun, srun, mpirun (xlt/parallel/launch.h).
#pragma once

#include "cli/device_map_option.h"
#include "cli/session.h"

#include <functional>
#include <vector>

#include "xlt/base/error.h"
#include "xlt/parallel/parallel.h"

namespace xlt::cli {

// What a command is handed there: rank 0 speaks for all, the others log nothing; each has a GPU of its own,
// or its share of the cores.
struct Ranked {
  World& world;
  std::vector<Placement> devices;  // at least one; that of all but a model's layers is the first
  Context context;
};

// Runs `work`, alone where no launcher says otherwise, and returns its exit code. Errors of a single process
// go through; among several ranks an error ends the process here, reported by the rank that had it, or by
// rank 0 where all had it. Throws kUsage where several ranks are given a device map: each has one device.
int run_in_world(const Session& session, const DeviceMapOption& device_map,
                 const std::function<int(const Ranked&)>& work);

// Of an error before run_in_world (a wrong option, a file that is not there on this machine): reports it,
// tells the others, who would wait for this rank, and ends the process. Returns where there are no others.
void tell_ranks_of(const Error& error);

// Whether this process speaks where each rank would say the same, without meeting the others: it is rank 0,
// or alone.
bool is_first_of_launch();

}  // namespace xlt::cli
