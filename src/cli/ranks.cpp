// SPDX-License-Identifier: Apache-2.0
#include "cli/ranks.h"

#include "cli/report_errors.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include <sched.h>
#include <unistd.h>

#include "xlt/base/process.h"
#include "xlt/lm/runtime.h"
#include "xlt/parallel/launch.h"

namespace xlt::cli {

namespace {

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// Nothing is unwound: a thread of the rank may wait for one that is gone.
[[noreturn]] void end_process(int code) {
  std::fflush(stdout);
  std::fflush(stderr);
  ::_exit(code);
}

// Both threads of a rank may find out that another is lost; the first tells, and the process ends by it.
void become_the_one_that_ends() {
  static std::atomic<bool> is_ending{false};
  while (is_ending.exchange(true)) ::pause();
}

void say_lost(const std::string& message) {
  become_the_one_that_ends();
  std::fprintf(stderr, "xlt: error: %s\n", message.c_str());
  end_process(exit_code(ErrorKind::kInternal));
}

// Cores that this process may use, as text: two ranks that may use the same ones share them.
std::string cores() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return "?";
  std::string text;
  for (int core = 0; core < CPU_SETSIZE; ++core)
    if (CPU_ISSET(core, &set)) text += str_cat(core, ' ');
  return text;
}

// Without --threads and OMP_NUM_THREADS, ranks that have the same cores part them.
void choose_threads_among(World& world, int64_t wanted) {
  const std::string own = this_process().host_key + " " + cores();
  const std::vector<std::string> all = world.all_gather(own);
  const auto sharers = static_cast<int64_t>(std::count(all.begin(), all.end(), own));
  if (wanted > 0 || environment("OMP_NUM_THREADS") || sharers == 1) return;
  set_num_threads(std::max<int64_t>(1, num_usable_cores() / sharers));
}

// A launcher that shows each rank one GPU calls it the first.
Placement placement_of(const GlobalOptions& options, const DeviceMapOption& device_map, const World& world) {
  if (!device_map.device_map.empty())
    throw Error(ErrorKind::kUsage,
                str_cat("each of ", world.world_size(),
                        " ranks has one device; start one process, or leave this out"),
                "--device-map " + device_map.device_map);
  GlobalOptions own = options;
  const bool is_open = options.device == "auto" || options.device == "cuda";
  if (is_open && num_cuda_devices() > 1) own.device = str_cat("cuda:", world.local_rank());
  return own.placement();
}

int run_among(World& world, const Session& session, const DeviceMapOption& device_map,
              const std::function<int(const Ranked&)>& work) {
  choose_threads_among(world, session.options().threads);
  Context context = session.context();
  if (!world.is_first()) context.log = nullptr, context.progress_sink = nullptr;
  try {
    Placement where;
    on_all_ranks(world, [&] { where = placement_of(session.options(), device_map, world); });
    return work({world, {where}, context});
  } catch (const SharedError& error) {
    return world.is_first() ? report_current_error() : exit_code(error.kind());
  }
}

}  // namespace

int run_in_world(const Session& session, const DeviceMapOption& device_map,
                 const std::function<int(const Ranked&)>& work) {
  const auto launch = read_launch(environment);
  if (!launch || launch->world_size == 1) {
    const auto world = make_single_world();
    return work({*world, device_map.devices(session.options()), session.context()});
  }
  try {
    auto world = join_world(*launch, {.on_lost = say_lost});
    const int code = run_among(*world, session, device_map, work);
    world.reset();
    return code;
  } catch (...) {
    become_the_one_that_ends();
    end_process(report_current_error());
  }
}

void tell_ranks_of(const Error& error) {
  constexpr double kPatience = 10;  // seconds for the others to come; what was wrong has been said by then
  std::optional<Launch> launch;
  try {
    launch = read_launch(environment);
  } catch (const Error&) {
    return;
  }
  if (!launch || launch->world_size == 1) return;
  int code = 0;
  try {
    throw error;
  } catch (...) {
    code = report_current_error();
  }
  try {
    const auto world = join_world(
        *launch, {.join_seconds = kPatience, .on_lost = [code](const std::string&) { end_process(code); }});
    world->all_gather({});  // as choose_threads_among
    on_all_ranks(*world, [&] { throw Error(error.kind(), error.what(), str_cat("rank ", launch->rank)); });
  } catch (...) {  // theirs, or nobody came
  }
  end_process(code);
}

bool is_first_of_launch() {
  const auto launch = read_launch(environment);
  return !launch || launch->rank == 0;
}

}  // namespace xlt::cli
