// SPDX-License-Identifier: Apache-2.0
// DIR/cells/ID: what happened to a cell, as its log tells it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "xlt/base/json.h"

namespace xlt {

struct CellHistory {
  bool is_done = false;
  int64_t num_starts = 0, num_failures = 0;
  double seconds = 0;      // of the run that ended in "done"
  std::string last_event;  // empty: nothing yet
  std::string message;     // of the last failure
};

class CellFolder {
 public:
  CellFolder(const std::filesystem::path& sweep, const std::string& id);
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path output() const { return path_ / "output"; }
  std::filesystem::path config_file() const { return path_ / "config.json"; }
  std::filesystem::path text_file() const { return path_ / "output.txt"; }
  std::filesystem::path lock_file() const;

  CellHistory history() const;
  // Adds a line to log.jsonl, for whoever holds the lock. The file is replaced, so that it is whole at every
  // moment; a second "done" is never written.
  void append(Json event) const;
  // Whether somebody seems to be at work; one on another machine that died counts until its lease is over.
  bool is_claimed() const;

 private:
  std::filesystem::path path_, log_;
};

}  // namespace xlt
