// SPDX-License-Identifier: Apache-2.0
// The program.
#include "cli/report_errors.h"

int main(int argc, char** argv) { return xlt::cli::run_and_report(argc, argv); }
