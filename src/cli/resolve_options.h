// SPDX-License-Identifier: Apache-2.0
// One set of option values from three sources: the config file, `--set`, flags; later ones win.
#pragma once

#include "cli/command.h"

#include <string>
#include <utility>
#include <vector>

#include "xlt/base/json.h"

namespace xlt::cli {

struct GivenOptions {
  std::string config_file;                                 // --config; empty: none
  std::vector<std::string> set;                            // "key=value", "section.key=value"
  std::vector<std::pair<std::string, std::string>> flags;  // (option, text)
};

// Every field of every group, as one list.
VisitFunction visit_all(const std::vector<OptionGroup>& groups);

// Throws kConfig with every fault of the file (JSON path each), kUsage or kConfig for `--set` and flags.
void resolve_options(const std::string& command, const std::vector<OptionGroup>& groups,
                     const GivenOptions& given);

// The options of a config file: "command", if there, must be `command`; sections are laid flat.
void read_config(const Json& config, const std::string& where, const std::string& command,
                 const std::vector<OptionGroup>& groups);

// Throws kUsage naming the required options that are still empty.
void check_required(const std::string& command, const CommandHelp& help,
                    const std::vector<OptionGroup>& groups);

}  // namespace xlt::cli
