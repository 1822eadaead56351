// SPDX-License-Identifier: Apache-2.0
// The program.
#include "cli/report_errors.h"
#include "cli/standard_streams.h"

int main(int argc, char** argv) {
  xlt::cli::fill_closed_streams();
  return xlt::cli::run_and_report(argc, argv);
}
