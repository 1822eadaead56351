// SPDX-License-Identifier: Apache-2.0
#include "run/sweep/worker.h"

#include "run/sweep/child.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "xlt/base/file.h"
#include "xlt/base/leftovers.h"

namespace xlt {

namespace {

constexpr int kInterrupted = 130, kLostClaim = -1000;

// What a command said last, for the log of its cell.
std::string last_line(const fs::path& text_file) {
  constexpr size_t kMost = 500;
  std::string text = read_file(text_file);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const size_t begin = text.rfind('\n');
  return text.substr(begin == std::string::npos ? 0 : begin + 1).substr(0, kMost);
}

std::string how_it_ended(int code) {
  return code < 0 ? str_cat("ended by signal ", -code) : str_cat("exit code ", code);
}

}  // namespace

std::string describe(const SweepCell& cell) {
  std::string text = cell.kind + " " + cell.model;
  text += cell.recipe.empty() ? " untouched" : " " + cell.recipe;
  if (cell.seed) text += str_cat(" seed ", *cell.seed);
  if (cell.kind != cell.part) text += " " + cell.part;
  return text + " (" + cell.id + ")";
}

void SweepWorker::say(LogLevel level, const std::string& line) const {
  const std::lock_guard guard(*job_.mutex);
  job_.context.write(level, line);
}

// In slices, so that an interrupt is heeded.
void SweepWorker::rest(double seconds) const {
  const double until = monotonic_seconds() + seconds;
  while (!is_stopped() && monotonic_seconds() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

bool SweepWorker::is_done(const std::string& id) {
  if (done_.contains(id)) return true;
  if (!CellFolder(job_.folder, id).history().is_done) return false;
  done_.insert(id);
  return true;
}

bool SweepWorker::has_failed(const std::string& id) const {
  return CellFolder(job_.folder, id).history().num_failures > job_.failures_before.at(id);
}

SweepWorker::Readiness SweepWorker::readiness(const SweepCell& cell) {
  Readiness result = Readiness::kReady;
  for (const std::string& need : cell.needs) {
    if (is_done(need)) continue;
    if (has_failed(need)) return Readiness::kNever;
    result = Readiness::kNotYet;
  }
  return result;
}

void SweepWorker::work(const SweepCell* wanted) {
  std::vector<const SweepCell*> cells;
  for (const SweepCell& cell : job_.plan.cells)
    if (!wanted || &cell == wanted) cells.push_back(&cell);
  const double longest = std::min(2.0, job_.plan.lease_seconds / 20);
  double wait = 0.05;
  while (!is_stopped()) {
    const Pass result = pass(cells);
    if (result == Pass::kFinished) return;
    wait = result == Pass::kWorked ? 0.05 : std::min(longest, wait * 1.5);
    if (result == Pass::kMustWait) rest(wait);
  }
}

SweepWorker::Pass SweepWorker::pass(const std::vector<const SweepCell*>& cells) {
  bool must_wait = false;
  for (const SweepCell* cell : cells) {
    if (is_stopped()) return Pass::kMustWait;
    if (is_done(cell->id) || has_failed(cell->id)) continue;
    const Readiness ready = readiness(*cell);
    must_wait |= ready == Readiness::kNotYet;
    if (ready != Readiness::kReady) continue;
    const CellFolder folder(job_.folder, cell->id);
    make_folders(folder.path());
    const auto attempt = attempts_.try_emplace(
        cell->id, folder.lock_file(), LockOptions{"runs a cell", folder.path(), job_.plan.lease_seconds});
    const auto lock = attempt.first->second.try_take();
    must_wait |= !lock;
    // It may have been ended, well or not, since it was looked at.
    if (!lock || is_done(cell->id) || has_failed(cell->id)) continue;
    run(*cell, *lock);
    return Pass::kWorked;
  }
  return must_wait ? Pass::kMustWait : Pass::kFinished;
}

std::vector<std::string> SweepWorker::command_of(const SweepCell& cell, const CellFolder& folder) const {
  std::vector<std::string> command = {job_.binary.string(), cell.kind,  "--config",
                                      folder.config_file(), "--output", folder.output().string()};
  for (const auto& [option, value] : job_.share_of_machine)
    if (!cell.config.contains(option) && !(option == "device" && cell.config.contains("device_map")))
      command.insert(command.end(), {flag_name(option), value});
  for (const std::string& need : cell.needs) {
    const fs::path trained = CellFolder(job_.folder, need).output();
    command.push_back(cell.makes_adapter ? "--adapter" : "--model");
    command.push_back((trained / (cell.makes_adapter ? "adapter" : "model")).string());
  }
  return command;
}

// The command that a dead worker started dies with it, but perhaps not yet; on another machine it keeps its
// folder until the lease is over. → whether the folder is free.
bool SweepWorker::wait_for_output(const CellFolder& folder) const {
  const fs::path file = folder.output() / kLockName;
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return true;
  LockAttempt attempt(file, {"looks", folder.output(), job_.plan.lease_seconds});
  while (!is_stopped()) {
    if (attempt.try_take()) return true;  // and given back
    rest(0.1);
  }
  return false;
}

int SweepWorker::run_command(const SweepCell& cell, const CellFolder& folder, const FileLock& lock) {
  constexpr double kLookAtLockEvery = 1;
  ChildProcess child(command_of(cell, folder), folder.text_file());
  bool is_asked = false;
  double looked = monotonic_seconds();
  for (int pause = 5;; pause = std::min(100, pause * 2)) {
    if (const auto code = child.poll()) return *code;
    if (is_stopped() && !is_asked) {
      child.ask_to_stop();
      is_asked = true;
    }
    if (monotonic_seconds() - looked > kLookAtLockEvery) {
      looked = monotonic_seconds();
      if (lock.is_lost()) return kLostClaim;  // the child is killed: the cell is another's
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(pause));
  }
}

void SweepWorker::run(const SweepCell& cell, const FileLock& lock) {
  const CellFolder folder(job_.folder, cell.id);
  remove_leftovers(folder.path(), LeftoversOf::kOtherProcesses);
  if (!wait_for_output(folder)) return;
  write_file(folder.config_file(), dump_json(cell.config, 2) + "\n");
  folder.append({{"event", "start"}, {"attempt", folder.history().num_starts + 1}});
  say(LogLevel::kInfo, describe(cell) + ": begins");
  const double begin = monotonic_seconds();
  const int code = run_command(cell, folder, lock);
  const double seconds = monotonic_seconds() - begin;
  if (code == kLostClaim || lock.is_lost()) {
    say(LogLevel::kWarning, describe(cell) + ": another worker took it over, since this one stood still");
    return;
  }
  if (code == 0) {
    folder.append({{"event", "done"}, {"seconds", seconds}});
    say(LogLevel::kInfo, str_cat(describe(cell), ": done in ", static_cast<int64_t>(seconds + 0.5), " s"));
  } else if (is_stopped() && (code == kInterrupted || code < 0)) {
    folder.append({{"event", "interrupted"}, {"seconds", seconds}});
  } else {
    const std::string message = last_line(folder.text_file());
    folder.append({{"event", "failed"}, {"code", code}, {"seconds", seconds}, {"message", message}});
    say(LogLevel::kWarning, str_cat(describe(cell), ": failed, ", how_it_ended(code), ": ", message, "; see ",
                                    folder.text_file().string()));
  }
}

}  // namespace xlt
