// SPDX-License-Identifier: Apache-2.0
// RUN/run.json: what a run is, and whether the same command should start it, go on with it or leave it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "xlt/base/context.h"
#include "xlt/base/json.h"

namespace xlt {

enum class RunState { kNew, kUnfinished, kFinished };

// Options whose resolved values differ between two runs, sorted; those that cannot change what a run computes
// are left out.
std::vector<std::string> changed_options(const Json& before, const Json& after);

// Held while a process works in a folder. Throws kUsage if another one does.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_;
};

class RunFolder {
 public:
  explicit RunFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}
  const std::filesystem::path& path() const { return folder_; }

  // Compares the folder with `record` (a run.json about to be written). Reads only. Throws kUsage, saying
  // what to do, for a folder that is something else or a run with other options; with `resume`, options that
  // only move the end or the pace of a run (max_steps, eval_steps …) may differ, and are logged. Throws kData
  // when a data file is not what it was.
  RunState inspect(const Json& record, bool resume, const Context& context) const;
  Json stored() const;                        // run.json as it is
  const std::filesystem::path& make() const;  // the folder, if it is not there
  // Writes run.json with this status ("running", "interrupted", "finished"); makes the folder.
  void write(Json record, const std::string& status) const;

 private:
  bool holds_run() const;
  bool is_empty() const;
  std::filesystem::path folder_;
};

}  // namespace xlt
