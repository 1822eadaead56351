// SPDX-License-Identifier: Apache-2.0
// Which rank a process is, by the variables of whoever launched it, and how it joins the others.
//
//   if (const auto launch = read_launch(variable))          // torchrun, Open MPI, MPICH's relatives, srun
//     world = join_world(*launch, {.on_lost = …});
//
// Variables, the first family that is set wins (MASTER_ADDR and MASTER_PORT go with all of them):
//   RANK WORLD_SIZE [LOCAL_RANK LOCAL_WORLD_SIZE]           torchrun, and what people set by hand
//   OMPI_COMM_WORLD_RANK, …_SIZE, …_LOCAL_RANK, …_LOCAL_SIZE          Open MPI's mpirun
//   PMI_RANK PMI_SIZE [MPI_LOCALRANKID MPI_LOCALNRANKS]               MPICH, Intel MPI
//   SLURM_PROCID SLURM_NTASKS SLURM_LOCALID                           srun
// Slurm's are in a batch script's environment too, which is one process: they count in a step (SLURM_STEP_ID)
// or where MASTER_ADDR is set. Without either a SLURM_PROCID above 0, which no batch script has, is refused.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "xlt/parallel/parallel.h"

namespace xlt {

struct Launch {
  std::string launcher;  // for messages: "RANK and WORLD_SIZE"
  int64_t rank = 0, world_size = 1, local_rank = 0;
  // Where the ranks find each other; empty and 0 for a single one.
  std::string host;
  int64_t port = 0;
  bool is_served_by_launcher = false;  // the store at host:port; else rank 0 serves it
  std::string attempt;                 // tells this start from an earlier one at the same store
  std::string network_interface;       // GLOO_SOCKET_IFNAME; empty: the one that leads to `host`
};

// Of an environment: the value of a variable, nothing where it is not set. An empty value counts as not set.
using Variables = std::function<std::optional<std::string>(const std::string&)>;

// Nothing where no launcher says anything. Throws kUsage, naming the variables, where some of a family's are
// missing, are no numbers or contradict one another.
std::optional<Launch> read_launch(const Variables& variables);
// What read_launch looks at to tell ranks: a process without them is by itself.
const std::vector<std::string>& launch_variables();
// The first of Slurm's "gpu[003-006,9],cpu1": "gpu003".
std::string first_host(const std::string& node_list);

struct JoinOptions {
  double join_seconds = 35;     // until all have come
  double silence_seconds = 30;  // after which a rank that is not heard of is lost
  // Called, once, from a thread of its own while the rank's own thread may be waiting for the lost one for
  // good: says so and ends the process.
  std::function<void(const std::string& message)> on_lost;
};

// Waits for the other ranks. Throws kUsage where two processes claim one rank or the ranks disagree about
// their number, kInternal where not all came in time. The world leaves the others when it is destroyed, which
// all ranks do at the same moment; where an error unwinds it, it leaves them as they are: end the process.
std::unique_ptr<World> join_world(const Launch& launch, const JoinOptions& options);

}  // namespace xlt
