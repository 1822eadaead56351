// SPDX-License-Identifier: Apache-2.0
// Errors as people and scripts see them.
#pragma once

namespace xlt::cli {

// Runs the command line; an error becomes one line on stderr and the exit code that its kind has. Never
// throws.
int run_and_report(int argc, char** argv);

}  // namespace xlt::cli
