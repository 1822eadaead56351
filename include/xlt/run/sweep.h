// SPDX-License-Identifier: Apache-2.0
// `xlt sweep` and `xlt status`: models × recipes × seeds, trained and evaluated as cells that each run once,
// by any number of workers on any number of machines that share the folder.
//
//   DIR/plan.json            what is to be done
//   DIR/cells/ID/            config.json, log.jsonl (an event a line), output.txt (what the command said),
//                            output/ (what it wrote)
//   DIR/compare/MODEL/       compare.json …; arms/ and runs/ name the evaluations and trainings of each arm
//   DIR/report.html          the page of `xlt report`; of several models a list of compare/MODEL/report.html
//   DIR/slurm/               job scripts, lists and jobs.json (what was submitted last), where --submit slurm
//                            was asked for
//
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "xlt/base/config.h"
#include "xlt/base/context.h"
#include "xlt/base/json_fwd.h"
#include "xlt/base/resolve_options.h"

namespace xlt {

struct SweepOptions {
  std::string grid, output, cell, submit;
  bool dry_run = false, collect = false, replace = false;
  int64_t workers = 1;
  void visit(OptionVisitor& v);
};

// The options of a command, at their defaults; `owner` holds what they are set in.
struct CommandOptions {
  std::shared_ptr<void> owner;
  std::vector<OptionGroup> groups;
  // Sets the options of the recipe that they name, and says whether they name one; what was given is then to
  // be set again. May be empty: there are no recipes for this command.
  std::function<bool()> read_recipe;
  // Throws kUsage, kIo … where the options that are set do not go together. May be empty.
  std::function<void()> check;
};

// What only the command line knows.
struct SweepTools {
  std::filesystem::path binary;  // this program, which every cell runs as a process of its own
  std::function<CommandOptions(const std::string& command)> options_of;  // of "train" and "eval"
  std::function<void(const VisitFunction&)> resolve_names;  // names of a hub → folders; may be empty
};

struct SweepResult {
  int64_t num_cells = 0, num_done = 0;
  bool all_done() const { return num_done == num_cells; }
};

// Does what is missing in options.output, or waits for others that do it, and collects the results. With
// options.cell: that one alone. Throws kConfig for a grid that is wrong, kUsage for one that leaves out what
// the folder has done (unless options.replace), kInterrupted when it was stopped: what ran has saved its
// state, and the same call goes on.
SweepResult run_sweep(const SweepOptions& options, const SweepTools& tools, const Context& context);
// {"cells", "totals"}: what would be done, and about what it takes. Writes nothing.
Json sweep_plan(const SweepOptions& options, const SweepTools& tools, const Context& context);
// Writes job scripts and hands them to Slurm: arrays with dependencies. Returns what was submitted. Where
// Slurm refuses one, the error names the jobs that it has taken before, and how to cancel them.
Json submit_sweep(const SweepOptions& options, const SweepTools& tools, const Context& context);

// sweep_plan's, as the folder keeps it, with "state" in each cell and counts and the time left in "totals".
Json sweep_status(const std::filesystem::path& folder);
// For people: a line an arm.
std::string sweep_status_table(const Json& status);

}  // namespace xlt
