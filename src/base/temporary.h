// SPDX-License-Identifier: Apache-2.0
// What stands beside a file or folder while its successor is written: unique names that say whose they are,
// made so that nobody's file is followed, overwritten or guessed.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <sys/types.h>

#include "xlt/base/process.h"

namespace xlt {

// Where `path` leads once links are followed, be anything there or not: what is written is the target, and a
// link stays a link. Throws kIo for a loop.
std::filesystem::path follow_links(std::filesystem::path path);

struct TemporaryFile {
  std::filesystem::path path;
  int descriptor = -1;  // open for reading and writing; the caller closes it
};
// An empty file beside `target`, readable by its owner alone. Throws kIo naming `target`.
TemporaryFile make_temporary_file(const std::filesystem::path& target);

enum class TemporaryKind { kNew, kOld };
// An empty folder beside `target`, for its successor or for itself while it is being replaced.
std::filesystem::path make_temporary_folder(const std::filesystem::path& target, TemporaryKind kind);

// `all` (0666, 0777) less what the process's umask takes away.
mode_t mode_of_new(mode_t all);
// Gives an open successor the mode, and as far as it may the owner, of the file that is there; of a new one
// otherwise.
void take_mode(int descriptor, const std::filesystem::path& target, mode_t all);

struct TemporaryName {
  TemporaryKind kind;
  std::string target;  // file name of what it belongs to; cut where that is very long
  bool target_is_cut;
  ProcessId owner;
};
// Reads a name made here; nothing for any other.
std::optional<TemporaryName> parse_temporary_name(const std::string& name);

}  // namespace xlt
