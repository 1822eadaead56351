// SPDX-License-Identifier: Apache-2.0
// Errors as people and scripts see them.
#pragma once

namespace xlt::cli {

// The error that is being handled (in a catch block) as one line on stderr; returns its exit code. Never
// throws.
int report_current_error();
// Runs the command line; an error becomes one line on stderr and the exit code that its kind has. Never
// throws.
int run_and_report(int argc, char** argv);

}  // namespace xlt::cli
