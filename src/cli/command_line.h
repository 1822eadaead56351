// SPDX-License-Identifier: Apache-2.0
// argv → subcommand → exit code.
#pragma once

#include <string>
#include <string_view>

namespace xlt::cli {

// Parses, resolves options and runs the command. Throws Error for what is wrong with the command line or its
// inputs.
int run_command_line(int argc, char** argv);
// What `xlt --help` prints, or with the name of a command `xlt COMMAND --help`. Throws kUsage, naming the
// nearest, where there is no such command.
std::string help_page(const std::string& command);
// "xlt 0.1.0 (commit …; libtorch …)"
std::string version_text();
// To stdout; returns the exit code, and says on stderr what went wrong (a full disk).
int print_page(std::string_view text);

}  // namespace xlt::cli
