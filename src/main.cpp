// SPDX-License-Identifier: Apache-2.0
// The engine: every command. People start the front (src/front), which becomes this where it is needed.
#include "cli/help_pages_source.h"
#include "cli/report_errors.h"
#include "cli/standard_streams.h"

#include <string_view>

int main(int argc, char** argv) {
  xlt::cli::fill_closed_streams();
  if (argc == 2 && argv[1] == std::string_view("--help-pages")) return xlt::cli::print_help_pages();
  return xlt::cli::run_and_report(argc, argv);
}
