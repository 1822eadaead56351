// SPDX-License-Identifier: Apache-2.0
#include "xlt/run/sweep.h"

#include "run/sweep/collect.h"
#include "run/sweep/plan_change.h"
#include "run/sweep/side_by_side.h"
#include "run/sweep/status.h"
#include "run/sweep/sweep.h"
#include "run/sweep/worker.h"

#include <algorithm>

#include "xlt/base/file.h"
#include "xlt/lm/runtime.h"

namespace xlt {

namespace {

constexpr const char* kPlanFile = "plan.json";

SweepPlan plan_of(const SweepOptions& options, const SweepTools& tools, const Context& context) {
  return make_sweep_plan(read_grid(options.grid, tools), tools, context);
}

// Of the grid, for the folder: what that has done stays in it.
SweepPlan plan_for_folder(const SweepOptions& options, const SweepTools& tools, const Context& context) {
  SweepPlan plan = plan_of(options, tools, context);
  check_folder(options, plan);
  return plan;
}

// One cell of many, or nothing but the collecting: what the folder's plan says, if the grid is still the
// same, so that not each of a thousand processes hashes every file.
SweepPlan stored_or_new_plan(const SweepOptions& options, const SweepTools& tools, const Context& context) {
  const fs::path file = fs::path(options.output) / kPlanFile;
  std::error_code ignored;
  if (fs::exists(file, ignored)) {
    SweepPlan plan = plan_from_json(load_json(file), file.string());
    if (plan.grid_hash == sha256_of_file(options.grid)) return plan;
  }
  SweepPlan plan = plan_for_folder(options, tools, context);
  write_plan(options.output, plan);
  return plan;
}

// Workers share the cores of this machine and, in turn, its devices.
std::map<std::string, std::string> share_of_machine(int64_t worker, int64_t num_workers) {
  std::map<std::string, std::string> options;
  if (num_workers == 1) return options;
  if (const int64_t cores = num_usable_cores(); cores > 0)
    options["threads"] = str_cat(std::max<int64_t>(1, cores / num_workers));
  if (const int devices = num_cuda_devices(); devices > 1)
    options["device"] = str_cat("cuda:", worker % devices);
  return options;
}

SweepJob make_job(const SweepOptions& options, const SweepTools& tools, const SweepPlan& plan,
                  const Context& context) {
  SweepJob job{.folder = options.output, .binary = tools.binary, .plan = plan, .context = context};
  for (const SweepCell& cell : plan.cells)
    job.failures_before[cell.id] = CellFolder(job.folder, cell.id).history().num_failures;
  return job;
}

void work(const SweepOptions& options, const SweepJob& job, const SweepCell* wanted) {
  std::mutex mutex;
  const int64_t count = wanted ? 1 : std::max<int64_t>(1, options.workers);
  std::vector<SweepJob> jobs;
  for (int64_t i = 0; i < count; ++i) {
    jobs.push_back(job);
    jobs.back().mutex = &mutex;
    jobs.back().share_of_machine = share_of_machine(i, count);
  }
  side_by_side(count, [&](int64_t i, const std::stop_token& stop) {
    SweepJob& own = jobs[static_cast<size_t>(i)];
    own.stop = stop;
    SweepWorker(own).work(wanted ? &own.plan.find(wanted->id) : nullptr);
  });
}

SweepResult count_done(const fs::path& folder, const std::vector<const SweepCell*>& cells) {
  SweepResult result;
  for (const SweepCell* cell : cells) {
    ++result.num_cells;
    result.num_done += CellFolder(folder, cell->id).history().is_done ? 1 : 0;
  }
  return result;
}

void check_ready(const SweepPlan& plan, const SweepCell& cell, const fs::path& folder) {
  for (const std::string& need : cell.needs)
    if (!CellFolder(folder, need).history().is_done)
      throw Error(ErrorKind::kUsage, "needs this cell, which is not done: " + describe(plan.find(need)),
                  "--cell " + cell.id);
}

void throw_if_stopped(const SweepOptions& options, const Context& context) {
  if (context.interrupted())
    throw Error(ErrorKind::kInterrupted, "stopped; what ran has saved its state, the same command goes on",
                options.output);
}

}  // namespace

void write_plan(const fs::path& folder, const SweepPlan& plan) {
  make_folders(folder);
  write_file(folder / kPlanFile, dump_json(to_json(plan), 1) + "\n");
}

void check_folder(const SweepOptions& options, const SweepPlan& plan) {
  const fs::path folder = options.output, file = folder / kPlanFile;
  std::error_code ignored;
  if (options.replace || !fs::exists(file, ignored)) return;
  check_plan_change(folder, plan_from_json(load_json(file), file.string()), plan);
}

void SweepOptions::visit(OptionVisitor& v) {
  v.field("grid", grid, "the grid: a JSON file of models, recipes, seeds and evaluations (configs/sweeps)");
  v.field("output", output, "folder of the sweep, on a file system that all workers share");
  v.field("dry_run", dry_run, "only print the cells, and about what they take");
  v.field("workers", workers, "cells that run at a time, each as a process of its own", between(1, 4096));
  v.field("cell", cell, "only this cell, by its id");
  v.field("collect", collect, "only bring together what is done: comparisons and the report");
  v.field(
      "replace", replace,
      "take the grid although it leaves out cells that the folder has done: they stay on the disk, out of "
      "the results");
  v.field("submit", submit, "hand the cells to a scheduler instead of running them: slurm; empty: run them",
          one_of({"", "slurm"}));
}

Json sweep_plan(const SweepOptions& options, const SweepTools& tools, const Context& context) {
  const SweepPlan plan = plan_of(options, tools, context);
  return sweep_plan_json(plan);
}

SweepResult run_sweep(const SweepOptions& options, const SweepTools& tools, const Context& context) {
  const bool is_part = !options.cell.empty() || options.collect;
  const SweepPlan plan =
      is_part ? stored_or_new_plan(options, tools, context) : plan_for_folder(options, tools, context);
  const SweepCell* wanted = options.cell.empty() ? nullptr : &plan.find(options.cell);
  if (wanted) check_ready(plan, *wanted, options.output);
  if (!is_part) write_plan(options.output, plan);
  if (!options.collect) work(options, make_job(options, tools, plan, context), wanted);
  throw_if_stopped(options, context);
  if (!wanted) collect(options.output, plan, context);
  std::vector<const SweepCell*> asked;
  for (const SweepCell& cell : plan.cells)
    if (!wanted || &cell == wanted) asked.push_back(&cell);
  return count_done(options.output, asked);
}

}  // namespace xlt
