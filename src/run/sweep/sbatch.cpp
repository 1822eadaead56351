// SPDX-License-Identifier: Apache-2.0
#include "run/sweep/sbatch.h"

#include <array>
#include <cctype>
#include <cstdio>

#include <sys/wait.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/join.h"
#include "xlt/base/quoting.h"
#include "xlt/base/resolve_options.h"  // flag_name

namespace xlt {

namespace {

// → what sbatch prints: the job's id.
std::string call_sbatch(const std::vector<std::string>& words) {
  std::string line = "sbatch --parsable";
  for (const std::string& word : words) line += " " + shell_quoted(word);
  std::FILE* pipe = ::popen((line + " 2>&1").c_str(), "r");
  if (!pipe) throw Error(ErrorKind::kIo, "cannot be started", "sbatch");
  std::string said;
  std::array<char, 4096> bytes{};
  while (const size_t count = std::fread(bytes.data(), 1, bytes.size(), pipe))
    said.append(bytes.data(), count);
  const int status = ::pclose(pipe);
  constexpr int kNoCommand = 127;
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNoCommand)
    throw Error(ErrorKind::kUnsupported, "there is no sbatch here; submit from a machine that has Slurm",
                "--submit slurm");
  while (!said.empty() && std::isspace(static_cast<unsigned char>(said.back())) != 0) said.pop_back();
  if (status != 0) throw Error(ErrorKind::kConfig, "refused by sbatch: " + said, line);
  // Warnings stand before it; of another cluster's job the name follows.
  said = said.substr(said.rfind('\n') == std::string::npos ? 0 : said.rfind('\n') + 1);
  return said.substr(0, said.find(';'));
}

}  // namespace

std::vector<std::string> sbatch_flags(const Json& options) {
  std::vector<std::string> flags;
  for (const auto& [key, value] : options.items()) {
    const std::string flag = flag_name(key);
    for (const Json& item : value.is_array() ? value : Json::array({value})) {
      if (item == Json(true))
        flags.push_back(flag);
      else if (!item.is_boolean())
        flags.push_back(flag + "=" + (item.is_string() ? item.get<std::string>() : dump_json(item)));
    }
  }
  return flags;
}

std::string SubmittedJobs::submit(const std::string& name, size_t num_tasks,
                                  const std::vector<std::string>& words) {
  try {
    std::string job = call_sbatch(words);
    jobs_.push_back({{"name", name}, {"job", job}, {"tasks", num_tasks}});
    write_file(file_, dump_json({{"jobs", jobs_}}, 1) + "\n");
    return job;
  } catch (const Error& error) {
    if (jobs_.empty()) throw;
    throw Error(error.kind(), error.message() + how_to_cancel(), error.context());
  }
}

std::string SubmittedJobs::how_to_cancel() const {
  const auto id = [](const Json& job) { return job.at("job").get<std::string>(); };
  const auto name = [&](const Json& job) {
    return str_cat(id(job), " (", job.at("name").get<std::string>(), ")");
  };
  return str_cat("; already submitted: ", join(jobs_, ", ", name), "; cancel them: scancel ",
                 join(jobs_, " ", id), ", and submit again");
}

}  // namespace xlt
