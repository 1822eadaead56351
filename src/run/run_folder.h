// SPDX-License-Identifier: Apache-2.0
// RUN/run.json: what a run is, and whether the same command should start it, go on with it or leave it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "xlt/base/context.h"
#include "xlt/base/json.h"
#include "xlt/base/lock.h"

namespace xlt {

enum class RunState { kNew, kUnfinished, kFinished };

// Options whose resolved values differ between two runs, sorted; those that cannot change what a run computes
// are left out.
std::vector<std::string> changed_options(const Json& before, const Json& after);

class RunFolder {
 public:
  // may_cut_anew: how a step's rows are parted into batches and ranks changes nothing.
  explicit RunFolder(std::filesystem::path folder, bool may_cut_anew = true)
      : folder_(std::move(folder)), may_cut_anew_(may_cut_anew) {}
  const std::filesystem::path& path() const { return folder_; }

  // Compares the folder with `record` (a run.json about to be written). Reads only. Throws kUsage, saying
  // what to do, for a folder that is something else or a run with other options; with `resume`, options that
  // only move the end or the pace of a run (max_steps, eval_steps …) may differ, and are logged. Another
  // number of ranks may go on where batch_size × gradient_accumulation_steps × ranks is the same and
  // may_cut_anew; else kCheckpoint. Throws kData when a data file is not what it was.
  RunState inspect(const Json& record, bool resume, const Context& context) const;
  Json stored() const;  // run.json as it is
  // Makes the folder if it is not there, and keeps other processes out of it. What killed ones left there is
  // removed. Throws kUsage where another is at work.
  std::unique_ptr<FileLock> lock(const Context& context) const;
  // Writes run.json with this status ("running", "interrupted", "finished"); makes the folder.
  void write(Json record, const std::string& status) const;

 private:
  bool holds_run() const;
  bool is_empty() const;
  std::filesystem::path folder_;
  bool may_cut_anew_;
};

}  // namespace xlt
