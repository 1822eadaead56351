// SPDX-License-Identifier: Apache-2.0
#include "findings/lm_eval/results_files.h"

#include <algorithm>
#include <set>
#include <vector>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/join.h"

namespace xlt {

namespace {

std::string time_of(const fs::path& file) {
  const std::string name = file.stem().string();
  const size_t last = name.rfind('_');
  return last == std::string::npos ? "" : name.substr(last + 1);
}

// Which model is meant cannot be guessed from dates.
void check_of_one_model(const std::vector<fs::path>& results, const fs::path& path) {
  std::set<std::string> folders;
  for (const fs::path& file : results) folders.insert(file.parent_path().string());
  if (folders.size() > 1)
    throw Error(ErrorKind::kUsage, "results of several models are there; name one of these: " + join(folders),
                path.string());
}

}  // namespace

fs::path results_file(const fs::path& path) {
  if (fs::is_regular_file(path)) return path;
  std::vector<fs::path> found;
  if (fs::is_directory(path)) {
    fs::recursive_directory_iterator entries(path);
    for (const auto& entry : entries) {
      if (entries.depth() >= 2) entries.disable_recursion_pending();
      const std::string name = entry.path().filename().string();
      if (entry.is_regular_file() && name.starts_with("results_") && name.ends_with(".json"))
        found.push_back(entry.path());
    }
  }
  if (found.empty())
    throw Error(ErrorKind::kIo, "no results are there; expected the results_….json of lm_eval --output_path",
                path.string());
  check_of_one_model(found, path);
  return *std::max_element(found.begin(), found.end(), [](const fs::path& a, const fs::path& b) {
    return std::pair(time_of(a), a) < std::pair(time_of(b), b);
  });
}

fs::path samples_file(const fs::path& results, const std::string& task) {
  const fs::path folder = results.parent_path().empty() ? fs::path(".") : results.parent_path();
  const fs::path exact = folder / ("samples_" + task + "_" + time_of(results) + ".jsonl");
  if (fs::is_regular_file(exact)) return exact;
  std::vector<fs::path> found;
  const std::string start = "samples_" + task + "_";
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(start) && name.ends_with(".jsonl") &&
        name.find('_', start.size()) == std::string::npos)
      found.push_back(entry.path());
  }
  return found.size() == 1 ? found[0] : fs::path();
}

}  // namespace xlt
