// SPDX-License-Identifier: Apache-2.0
// argv → subcommand → exit code.
#pragma once

namespace xlt::cli {

// Parses, resolves options and runs the command. Throws Error for what is wrong with the command line or its
// inputs.
int run_command_line(int argc, char** argv);

}  // namespace xlt::cli
