// SPDX-License-Identifier: Apache-2.0
#include "run/sweep/cell_folder.h"

#include <array>
#include <ctime>

#include "xlt/base/file.h"
#include "xlt/base/lock.h"
#include "xlt/base/process.h"

namespace xlt {

namespace {

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

std::string log_text(const fs::path& log) {
  std::error_code ignored;
  return fs::exists(log, ignored) ? read_file(log) : std::string();
}

}  // namespace

CellFolder::CellFolder(const fs::path& sweep, const std::string& id)
    : path_(sweep / "cells" / id), log_(path_ / "log.jsonl") {}

fs::path CellFolder::lock_file() const { return path_ / kLockName; }

CellHistory CellFolder::history() const {
  CellHistory history;
  std::error_code ignored;
  if (!fs::exists(log_, ignored)) return history;
  LineReader lines(log_);
  while (const auto line = lines.next()) {
    const Json event = parse_json(*line, lines.place());
    history.last_event = event.value("event", "");
    history.num_starts += history.last_event == "start" ? 1 : 0;
    history.num_failures += history.last_event == "failed" ? 1 : 0;
    if (history.last_event == "failed") history.message = event.value("message", "");
    if (history.last_event != "done") continue;
    history.is_done = true;
    history.seconds = event.value("seconds", 0.0);
  }
  return history;
}

void CellFolder::append(Json event) const {
  const ProcessId self = this_process();
  Json line = {
      {"event", event.at("event")}, {"worker", str_cat(self.host, ":", self.pid)}, {"time", utc_now()}};
  if (line.at("event") == "done" && history().is_done) return;
  line.update(event);
  write_file(log_, log_text(log_) + dump_json(line) + "\n");
}

bool CellFolder::is_claimed() const {
  std::error_code ignored;
  if (!fs::exists(lock_file(), ignored)) return false;
  const Json held = Json::parse(log_text(lock_file()), nullptr, /*allow_exceptions=*/false);
  if (!held.is_object()) return true;
  return !is_dead({held.value("host", ""), held.value("host_key", ""), held.value("pid", int64_t{0}),
                   held.value("started", "0")});
}

}  // namespace xlt
