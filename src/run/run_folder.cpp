// SPDX-License-Identifier: Apache-2.0
#include "run/run_folder.h"

#include <algorithm>
#include <optional>
#include <set>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/join.h"
#include "xlt/base/leftovers.h"

namespace xlt {

namespace {

constexpr const char* kRunFile = "run.json";
// They change where and how fast a run happens, not what it is.
const std::set<std::string> kNeverCompared = {
    "command", "resume",    "output",          "log_level",
    "quiet",   "threads",   "reference_cache", "gradient_checkpointing",
    "dry_run", "device_map"};
// They move a run's end or its pace; `--resume` may change them.
const std::set<std::string> kChangeable = {"max_steps",
                                           "num_epochs",
                                           "save_steps",
                                           "eval_steps",
                                           "logging_steps",
                                           "save_total_limit",
                                           "early_stopping_patience"};

constexpr const char *kBatchSize = "batch_size", *kAccumulation = "gradient_accumulation_steps";

// How a step is cut: rows of a batch, batches of a rank, ranks (1 in a run.json from before there were any).
struct StepCut {
  int64_t batch_size, accumulation, ranks;
  int64_t rows() const { return batch_size * accumulation * ranks; }
  std::string text() const {
    return str_cat(rows(), " rows (batch_size ", batch_size, " × gradient_accumulation_steps ", accumulation,
                   " × ", ranks, ranks == 1 ? " rank)" : " ranks)");
  }
};

std::optional<StepCut> step_cut_of(const Json& record) {
  const Json& config = record.at("config");
  if (!config.contains(kBatchSize) || !config.contains(kAccumulation)) return std::nullopt;
  return StepCut{config.at(kBatchSize).get<int64_t>(), config.at(kAccumulation).get<int64_t>(),
                 record.value("ranks", int64_t{1})};
}

// Another number of ranks may go on where a step stays of as many rows; then how it is cut is no other
// option. Throws kCheckpoint where it does not.
void forgive_other_cut(std::vector<std::string>& changed, const Json& before, const Json& after, bool resume,
                       bool may_cut_anew, const std::string& where) {
  const auto old = step_cut_of(before), own = step_cut_of(after);
  if (!old || !own) return;
  if (old->ranks != own->ranks && old->rows() != own->rows())
    throw Error(ErrorKind::kCheckpoint,
                str_cat("a step of the run there has ", old->text(), "; here it would have ", own->text(),
                        "; choose them so that it is the same, or another --output"),
                where);
  if (!may_cut_anew || old->rows() != own->rows() || (old->ranks == own->ranks && !resume)) return;
  std::erase_if(changed, [](const std::string& name) { return name == kBatchSize || name == kAccumulation; });
}

void check_same_data(const Json& before, const Json& after, const std::string& where) {
  for (const Json& file : after) {
    for (const Json& old : before)
      if (old.value("file", "") == file.at("file") && old.value("sha256", "") != file.at("sha256"))
        throw Error(ErrorKind::kData,
                    str_cat("the file changed since the run in ", where,
                            " began; going on needs the same data, or choose another --output"),
                    file.at("file").get<std::string>());
  }
}

}  // namespace

std::vector<std::string> changed_options(const Json& before, const Json& after) {
  std::set<std::string> changed;
  for (const auto& [key, value] : after.items())
    if (!before.contains(key) || before.at(key) != value) changed.insert(key);
  for (const auto& [key, value] : before.items())
    if (!after.contains(key)) changed.insert(key);
  for (const auto& key : kNeverCompared) changed.erase(key);
  return {changed.begin(), changed.end()};
}

bool RunFolder::holds_run() const { return fs::exists(folder_ / kRunFile); }

// A process killed before it wrote its first run.json leaves its lock, or half a file: still nothing to keep.
bool RunFolder::is_empty() const {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error))
    if (const std::string name = entry.path().filename().string();
        name != kLockName && !is_leftover_name(name))
      return false;
  return true;
}

RunState RunFolder::inspect(const Json& record, bool resume, const Context& context) const {
  if (fs::exists(folder_) && !fs::is_directory(folder_))
    throw Error(ErrorKind::kIo, "is a file; --output must be a folder", folder_.string());
  if (!holds_run()) {
    if (!fs::exists(folder_) || is_empty()) return RunState::kNew;
    throw Error(ErrorKind::kUsage,
                "the folder is not empty and holds no xlt run; choose another --output or empty it",
                folder_.string());
  }
  const Json before = stored();
  const JsonView view(before, (folder_ / kRunFile).string());
  auto changed = changed_options(view.at("config").value(), record.at("config"));
  forgive_other_cut(changed, before, record, resume, may_cut_anew_, folder_.string());
  std::vector<std::string> fixed;
  std::copy_if(changed.begin(), changed.end(), std::back_inserter(fixed),
               [&](const auto& name) { return !resume || !kChangeable.contains(name); });
  const bool all_changeable =
      std::all_of(fixed.begin(), fixed.end(), [](const auto& name) { return kChangeable.contains(name); });
  if (!fixed.empty())
    throw Error(
        ErrorKind::kUsage,
        str_cat("holds a run with other options (", join(fixed), " differ", fixed.size() == 1 ? "s" : "",
                "); choose another --output, or give the options of its run.json to go on with it",
                all_changeable ? "; with --resume these may differ" : ""),
        folder_.string());
  check_same_data(view.at("data").value(), record.at("data"), folder_.string());
  if (before.contains("inputs")) check_same_data(before.at("inputs"), record.at("inputs"), folder_.string());
  if (!changed.empty())
    context.warn(str_cat(folder_.string(), ": going on with changed options: ", join(changed)));
  const bool finished = view.get("status", "running") == "finished";
  return finished && changed.empty() ? RunState::kFinished : RunState::kUnfinished;
}

std::unique_ptr<FileLock> RunFolder::lock(const Context& context) const {
  make_folders(folder_);
  auto lock = take_lock(folder_ / kLockName, {"trains", folder_}, context);
  remove_leftovers(folder_, LeftoversOf::kOtherProcesses);
  return lock;
}

Json RunFolder::stored() const { return load_json(folder_ / kRunFile); }

void RunFolder::write(Json record, const std::string& status) const {
  record["status"] = status;
  make_folders(folder_);
  try {
    write_file(folder_ / kRunFile, dump_json(record, 2) + "\n");
  } catch (const Error&) {
    std::error_code ignored;
    fs::remove(folder_, ignored);  // if it is empty: no run began
    throw;
  }
}

}  // namespace xlt
