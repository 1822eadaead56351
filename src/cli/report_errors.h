// SPDX-License-Identifier: Apache-2.0
// Errors as people and scripts see them.
#pragma once

#include <functional>

namespace xlt::cli {

// The error that is being handled (in a catch block) as one line on stderr; returns its exit code. Never
// throws.
int report_current_error();
// Runs the command line; an error becomes one line on stderr and the exit code that its kind has. Never
// throws.
// `on_usage_error`, where there is one, stands in for the report of a wrong command line.
int run_and_report(int argc, char** argv, const std::function<int()>& on_usage_error = {});

}  // namespace xlt::cli
