// SPDX-License-Identifier: Apache-2.0
// `--submit slurm`: arrays of cells with dependencies, and the script that each task runs.
#include "run/sweep/cell_folder.h"
#include "run/sweep/plan.h"
#include "run/sweep/sbatch.h"
#include "run/sweep/sweep.h"

#include <algorithm>
#include <map>

#include <sys/stat.h>

#include "xlt/base/file.h"
#include "xlt/base/join.h"
#include "xlt/base/quoting.h"

namespace xlt {

namespace {

// An array: task i does the cell of line i + 1 of the list; only `tasks` are submitted.
struct CellArray {
  std::string name;
  std::vector<std::string> ids;
  std::vector<int64_t> tasks;
  bool waits_for_train = false;  // task i for task i of the array `train`
};

// What a step needs to survive a preemption, a time limit, a requeue and a node that is lost.
constexpr const char* kJobScript = R"sh(#!/bin/bash
# A task of a Slurm array: cell.sh LIST does the cell whose id stands in line SLURM_ARRAY_TASK_ID + 1 of LIST;
# cell.sh --collect brings together what is done. Written by `xlt sweep --submit slurm`; may be changed, and
# submitted again by hand.
cd @FOLDER@ || exit 3
@SETUP@
job=$SLURM_JOB_ID arguments=(--collect)
if [ "$1" != --collect ]; then
  arguments=(--cell "$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" "$1")")
  # The last task of an array has the array's own id, by which scontrol would take all tasks.
  job=${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}
fi
# In a step of its own: the SIGTERM of a preemption with GraceTime goes to steps only.
srun --kill-on-bad-exit=1 --ntasks=1 @SWEEP@ "${arguments[@]}" &
step=$!
# srun hands SIGUSR1 on; SIGTERM would end it, and the step without a save.
trap 'kill -USR1 $step 2>/dev/null' USR1 TERM
while wait $step; code=$?; kill -0 $step 2>/dev/null; do :; done
# Slurm requeues what it killed. What saved and left in time (130) counts as failed, so it is requeued here;
# but not what was cancelled, which also ends in 130 and is no longer RUNNING.
if [ $code = 130 ] && scontrol show job -o "$job" | grep -q JobState=RUNNING; then scontrol requeue "$job"; fi
exit $code
)sh";

void fill(std::string& text, const std::string& name, const std::string& value) {
  text.replace(text.find(name), name.size(), value);
}

std::string job_script(const Grid& grid, const SweepOptions& options, const SweepTools& tools) {
  std::string setup, script = kJobScript;
  for (const std::string& line : grid.slurm.setup) setup += line + "\n";
  fill(script, "@FOLDER@", shell_quoted(fs::current_path().string()));
  fill(script, "@SETUP@", setup);
  fill(script, "@SWEEP@",
       str_cat(shell_quoted(tools.binary.string()), " sweep ",
               shell_quoted(fs::absolute(options.grid).string()), " --output ",
               shell_quoted(fs::absolute(options.output).string())));
  return script;
}

// By cell: the place among all trainings, whether they are still to do or not, so that the arrays of their
// evaluations have the same places.
std::vector<CellArray> arrays_of(const SweepPlan& plan, const fs::path& folder) {
  const auto is_done = [&](const std::string& id) { return CellFolder(folder, id).history().is_done; };
  CellArray train{"train", {}, {}, false}, base{"base", {}, {}, false};
  std::map<std::string, size_t> place;
  for (const SweepCell& cell : plan.cells) {
    if (cell.kind != "train") continue;
    place[cell.id] = train.ids.size();
    if (!is_done(cell.id)) train.tasks.push_back(static_cast<int64_t>(train.ids.size()));
    train.ids.push_back(cell.id);
  }
  std::map<std::string, CellArray> waiting, ready;
  std::map<std::string, std::map<size_t, int>> times;  // a training may have two evaluations of one part
  for (const SweepCell& cell : plan.cells) {
    if (cell.kind != "eval") continue;
    if (cell.needs.empty()) {
      if (!is_done(cell.id)) base.tasks.push_back(static_cast<int64_t>(base.ids.size()));
      base.ids.push_back(cell.id);
      continue;
    }
    const size_t at = place.at(cell.needs[0]);
    std::string name = cell.part;
    std::replace(name.begin(), name.end(), '/', '-');
    if (const int before = times[cell.part][at]++; before > 0) name += str_cat("-", before + 1);
    const bool waits = !is_done(cell.needs[0]);
    CellArray& array = (waits ? waiting : ready)[name];
    array.name = "eval-" + name + (waits ? "" : "-trained");
    array.waits_for_train = waits;
    array.ids.resize(train.ids.size());
    array.ids[at] = cell.id;
    if (!is_done(cell.id)) array.tasks.push_back(static_cast<int64_t>(at));
  }
  std::vector<CellArray> arrays = {std::move(train), std::move(base)};
  for (auto* some : {&ready, &waiting})
    for (auto& [name, array] : *some) arrays.push_back(std::move(array));
  std::erase_if(arrays, [](const CellArray& array) { return array.tasks.empty(); });
  return arrays;
}

// "0-3,7"
std::string ranges(const std::vector<int64_t>& sorted) {
  std::string text;
  for (size_t i = 0; i < sorted.size();) {
    size_t last = i;
    while (last + 1 < sorted.size() && sorted[last + 1] == sorted[last] + 1) ++last;
    append_item(text, last > i ? str_cat(sorted[i], "-", sorted[last]) : str_cat(sorted[i]), ",");
    i = last + 1;
  }
  return text;
}

std::vector<std::string> sbatch_options(const Json& options, const fs::path& folder) {
  std::vector<std::string> words = {"--requeue", "--open-mode=append", "--signal=B:USR1@120",
                                    "--output=" + (folder / "%x-%A_%a.log").string()};
  for (std::string& flag : sbatch_flags(options)) words.push_back(std::move(flag));
  return words;
}

fs::path list_of(const fs::path& folder, const CellArray& array) { return folder / (array.name + ".txt"); }

void write_list(const fs::path& file, const std::vector<std::string>& ids) {
  std::string lines;
  for (const std::string& id : ids) lines += id + "\n";
  write_file(file, lines);
}

void write_script(const fs::path& file, const std::string& text) {
  write_file(file, text);
  ::chmod(file.c_str(), 0755);
}

}  // namespace

Json submit_sweep(const SweepOptions& options, const SweepTools& tools, const Context& context) {
  const Grid grid = read_grid(options.grid, tools);
  const SweepPlan plan = make_sweep_plan(grid, tools, context);
  check_folder(options, plan);
  const fs::path sweep = fs::absolute(options.output), folder = sweep / "slurm";
  make_folders(folder);
  write_plan(sweep, plan);
  write_script(folder / "cell.sh", job_script(grid, options, tools));
  const std::vector<std::string> common = sbatch_options(grid.slurm.sbatch, folder);
  const std::vector<CellArray> arrays = arrays_of(plan, sweep);
  // Before the first job, so that what fails here leaves none in the queue.
  for (const CellArray& array : arrays) write_list(list_of(folder, array), array.ids);
  SubmittedJobs jobs(folder / "jobs.json");
  std::string train, all;
  for (const CellArray& array : arrays) {
    std::vector<std::string> words = common;
    words.push_back("--job-name=xlt-" + array.name);
    words.push_back("--array=" + ranges(array.tasks) +
                    (grid.slurm.throttle > 0 ? str_cat("%", grid.slurm.throttle) : ""));
    // Task by task: one training that fails holds up its own evaluations and no others.
    if (array.waits_for_train)
      words.insert(words.end(), {"--dependency=aftercorr:" + train, "--kill-on-invalid-dep=yes"});
    words.insert(words.end(), {(folder / "cell.sh").string(), list_of(folder, array).string()});
    const std::string job = jobs.submit(array.name, array.tasks.size(), words);
    if (array.name == "train") train = job;
    all += ":" + job;
  }
  if (all.empty()) {
    context.info("every cell is done already");
    return {{"jobs", jobs.list()}};
  }
  std::vector<std::string> words = common;
  words.insert(words.end(), {"--job-name=xlt-collect", "--output=" + (folder / "%x-%j.log").string(),
                             "--dependency=afterany" + all, (folder / "cell.sh").string(), "--collect"});
  jobs.submit("collect", 1, words);
  return {{"jobs", jobs.list()}};
}

}  // namespace xlt
