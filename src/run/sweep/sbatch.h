// SPDX-License-Identifier: Apache-2.0
// Jobs handed to Slurm.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "xlt/base/json.h"

namespace xlt {

// {"gres": "gpu:1", "exclusive": true, "constraint": ["a", "b"]} as sbatch takes it: a list is the option
// once for each of its items, false is none.
std::vector<std::string> sbatch_flags(const Json& options);

// Whatever happens, the jobs that Slurm has taken are known: they stand in a file at once, and in what is
// thrown.
class SubmittedJobs {
 public:
  // `file`: {"jobs": [{"name", "job", "tasks"}]}, written with every job; before the first it stays as it is.
  explicit SubmittedJobs(std::filesystem::path file) : file_(std::move(file)) {}
  // Calls sbatch with these words. → the job's id. Throws kUnsupported where there is no sbatch, kConfig for
  // what it refuses; with the ids of the jobs before, and how to cancel them.
  std::string submit(const std::string& name, size_t num_tasks, const std::vector<std::string>& words);
  const Json& list() const { return jobs_; }

 private:
  std::string how_to_cancel() const;

  std::filesystem::path file_;
  Json jobs_ = Json::array();
};

}  // namespace xlt
