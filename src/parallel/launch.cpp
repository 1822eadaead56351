// SPDX-License-Identifier: Apache-2.0
#include "xlt/parallel/launch.h"

#include <charconv>
#include <limits>

namespace xlt {

namespace {

// The variables of one launcher.
struct Family {
  const char *rank, *size, *local_rank, *local_size;
};
constexpr Family kTorchrun{"RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"};
constexpr Family kOpenMpi{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
                          "OMPI_COMM_WORLD_LOCAL_SIZE"};
constexpr Family kMpich{"PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"};
constexpr Family kSlurm{"SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", ""};
constexpr Family kSlurmStep{"SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", ""};

constexpr int64_t kDefaultPort = 29500;  // torchrun's

class Reader {
 public:
  explicit Reader(const Variables& variables) : variables_(variables) {}
  std::optional<std::string> text(const std::string& name) const {
    auto value = name.empty() ? std::nullopt : variables_(name);
    return value && !value->empty() ? value : std::nullopt;
  }
  bool has(const std::string& name) const { return text(name).has_value(); }
  std::optional<int64_t> number(const std::string& name, int64_t least, int64_t most) const {
    const auto value = text(name);
    if (!value) return std::nullopt;
    int64_t parsed = 0;
    const char* end = value->data() + value->size();
    const auto [stop, fault] = std::from_chars(value->data(), end, parsed);
    if (fault != std::errc() || stop != end || parsed < least || parsed > most)
      throw Error(ErrorKind::kUsage,
                  str_cat("\"", *value, "\" is no whole number from ", least, " to ", most,
                          "; the launcher sets it, or unset it to run one process"),
                  name);
    return parsed;
  }

 private:
  const Variables& variables_;
};

[[noreturn]] void throw_contradiction(const std::string& what) {
  throw Error(ErrorKind::kUsage, what + "; set them as torchrun does, or unset them to run one process",
              "the launcher's variables");
}

constexpr int64_t kMostRanks = std::numeric_limits<int32_t>::max();

struct Place {
  int64_t rank, size, local_rank, local_size;  // local_size 0: not known
  bool knows_local_rank;
};

// Nothing where neither rank nor size is set.
std::optional<Place> place_in(const Family& family, const Reader& reader) {
  const auto rank = reader.number(family.rank, 0, kMostRanks),
             size = reader.number(family.size, 1, kMostRanks),
             local = reader.number(family.local_rank, 0, kMostRanks),
             local_size = reader.number(family.local_size, 1, kMostRanks);
  if (!rank && !size) return std::nullopt;
  if (!rank || !size)
    throw_contradiction(str_cat(rank ? family.rank : family.size, " is set and ",
                                rank ? family.size : family.rank, " is not"));
  if (*rank >= *size)
    throw_contradiction(str_cat(family.rank, " ", *rank, " is no rank of ", family.size, " ", *size,
                                ", which are counted from 0"));
  const Place place{*rank, *size, local.value_or(*rank), local_size.value_or(0), local.has_value()};
  if (local && *local >= *size)
    throw_contradiction(str_cat(family.local_rank, " ", *local, " is no rank of ", family.size, " ", *size));
  if (local && local_size && *local >= *local_size)
    throw_contradiction(
        str_cat(family.local_rank, " ", *local, " is no rank of ", family.local_size, " ", *local_size));
  if (local_size && *local_size > *size)
    throw_contradiction(
        str_cat(family.local_size, " ", *local_size, " is more than ", family.size, " ", *size));
  return place;
}

// See launch.h for when these count.
std::optional<Place> slurm_place(const Reader& reader) {
  if (!reader.has(kSlurm.rank)) return std::nullopt;  // a shell that salloc opened
  const bool is_step = reader.has("SLURM_STEP_ID") || reader.has("SLURM_STEPID");
  const Family& family = reader.has(kSlurmStep.size) ? kSlurmStep : kSlurm;
  if (is_step || reader.has("MASTER_ADDR")) return place_in(family, reader);
  // A batch script is process 0 of its job's tasks. One with another number would do the same work beside it.
  if (reader.number(kSlurm.rank, 0, kMostRanks) == 0) return std::nullopt;
  const auto place = place_in(family, reader);
  throw_contradiction(str_cat(kSlurm.rank, " says ", place->rank, " of ", place->size,
                              ", which only a step of srun has, and SLURM_STEP_ID is not set"));
}

// By hand or by torchrun on one side, a launcher below it on the other. torchrun gives ranks as it likes.
void check_agreement(const Place& own, const Place& below, const Family& family, const Reader& reader) {
  if (reader.has("TORCHELASTIC_RUN_ID") || own.size != below.size || own.rank == below.rank) return;
  throw_contradiction(str_cat("RANK says ", own.rank, " of ", own.size, ", ", family.rank, " says ",
                              below.rank, " of ", below.size));
}

void find_meeting_point(Launch& launch, const Reader& reader, const Family& family, const Place& place) {
  if (const auto host = reader.text("MASTER_ADDR")) launch.host = *host;
  launch.port = reader.number("MASTER_PORT", 1, 65535).value_or(0);
  const bool is_slurm = family.rank == kSlurm.rank, is_torchrun = family.rank == kTorchrun.rank;
  if (is_torchrun && (launch.host.empty() || launch.port == 0))
    throw_contradiction(str_cat("RANK is ", place.rank, " of WORLD_SIZE ", place.size, ", and ",
                                launch.host.empty() ? "MASTER_ADDR" : "MASTER_PORT",
                                ", where the ranks find each other, is not set"));
  if (is_slurm) {
    for (const char* list : {"SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST", "SLURM_NODELIST"})
      if (const auto nodes = reader.text(list); nodes && launch.host.empty())
        launch.host = first_host(*nodes);
    // Between 20000 and where Linux takes the ports of outgoing connections from.
    const int64_t job =
                      reader.number("SLURM_JOB_ID", 0, std::numeric_limits<int64_t>::max() / 16).value_or(0),
                  step = reader.number("SLURM_STEP_ID", 0, kMostRanks * 2).value_or(0);
    if (launch.port == 0 && job > 0) launch.port = 20000 + (7 * job + step) % 12000;
  }
  if (launch.host.empty() && place.local_size == place.size) launch.host = "127.0.0.1";
  if (launch.port == 0) launch.port = kDefaultPort;
  if (launch.host.empty())
    throw_contradiction(str_cat(family.rank, " is ", place.rank, " of ", place.size,
                                ", and MASTER_ADDR, the host of rank 0, is not set"));
}

}  // namespace

std::string first_host(const std::string& node_list) {
  std::string host;
  bool is_inside = false, is_taken = false;  // of brackets; its first number
  for (const char c : node_list) {
    if (c == ',' && !is_inside) break;
    if (c == '[' || c == ']') {
      is_inside = c == '[';
      is_taken = false;
    } else if (is_inside && (c == '-' || c == ',')) {
      is_taken = true;
    } else if (!is_taken) {
      host += c;
    }
  }
  return host;
}

const std::vector<std::string>& launch_variables() {
  static const std::vector<std::string> names = {kTorchrun.rank,       kTorchrun.size, kTorchrun.local_rank,
                                                 kTorchrun.local_size, kOpenMpi.rank,  kOpenMpi.size,
                                                 kMpich.rank,          kMpich.size,    kSlurm.rank};
  return names;
}

std::optional<Launch> read_launch(const Variables& variables) {
  const Reader reader(variables);
  const Family* family = nullptr;
  std::optional<Place> place;
  const auto look = [&](const Family& one, const std::optional<Place>& found) {
    if (!found) return;
    if (place && family == &kTorchrun) check_agreement(*place, *found, one, reader);
    // srun --mpi=pmi2 sets both, and Slurm's also say where rank 0 is.
    const bool is_one =
        place && family == &kMpich && place->rank == found->rank && place->size == found->size;
    if (place && !is_one) return;
    place = found;
    family = &one;
  };
  if (!reader.has(kTorchrun.rank) && !reader.has(kTorchrun.size) && reader.has(kTorchrun.local_rank))
    throw_contradiction("LOCAL_RANK is set, RANK and WORLD_SIZE are not");
  look(kTorchrun, place_in(kTorchrun, reader));
  look(kOpenMpi, place_in(kOpenMpi, reader));
  if (reader.has(kMpich.rank) && reader.has(kMpich.size)) look(kMpich, place_in(kMpich, reader));
  look(kSlurm, slurm_place(reader));
  if (!place) return std::nullopt;
  Launch launch{.launcher = str_cat(family->rank, " and ", family->size),
                .rank = place->rank,
                .world_size = place->size,
                .local_rank = place->local_rank};
  if (place->size == 1) return launch;
  find_meeting_point(launch, reader, *family, *place);
  launch.is_served_by_launcher = reader.text("TORCHELASTIC_USE_AGENT_STORE") == "True";
  launch.attempt = reader.text("TORCHELASTIC_RESTART_COUNT").value_or("0");
  launch.network_interface = reader.text("GLOO_SOCKET_IFNAME").value_or("");
  return launch;
}

}  // namespace xlt
