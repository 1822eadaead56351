// SPDX-License-Identifier: Apache-2.0
// What processes that were killed left in a folder: half of a new file or folder, or the whole of an older
// one that was being replaced. Their names say whose they are (`.NAME.tmp-HOST-PID-START-RANDOM`).
#pragma once

#include <filesystem>
#include <string>

namespace xlt {

enum class LeftoversOf {
  kDeadProcesses,   // those that are certainly over
  kOtherProcesses,  // all but this one; for whoever holds the folder's lock
  kThisProcess,     // this one's, when it ends in the middle of its work
};

// Removes them from `folder` (not from folders below it), and brings an older folder back where nothing
// stands in its place. What has another kind of name, or another user's owner, is left alone. Never throws:
// what cannot be removed stays.
void remove_leftovers(const std::filesystem::path& folder, LeftoversOf whose);

// Whether a file's name is one that such leftovers have.
bool is_leftover_name(const std::string& name);

}  // namespace xlt
