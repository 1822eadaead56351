// SPDX-License-Identifier: Apache-2.0
// The engine: every command. People start the front (src/front), which becomes this where it is needed.
#include "cli/help_pages_source.h"
#include "cli/report_errors.h"
#include "cli/standard_streams.h"

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string_view>

namespace {

// Where the front showed the loader libtorch's folder: programs that are started from here (--scorer exec)
// have libraries of their own.
void restore_library_path() {
  ::unsetenv("XLT_FRONT");
  const char* outer = std::getenv("XLT_OUTER_LIBRARY_PATH");
  if (outer == nullptr) return;
  if (*outer)
    ::setenv("LD_LIBRARY_PATH", outer, /*overwrite=*/1);
  else
    ::unsetenv("LD_LIBRARY_PATH");
  ::unsetenv("XLT_OUTER_LIBRARY_PATH");
}

// Ends the process with what was written, but without libtorch's taking back its operators one by one, which
// takes as long as a small command. Leak checkers look in a program's regular end.
[[noreturn]] void end_at_once(int code) {
#ifdef XLT_SANITIZED
  std::exit(code);
#else
  std::cout.flush();
  std::fflush(nullptr);
  std::_Exit(code);
#endif
}

}  // namespace

int main(int argc, char** argv) {
  xlt::cli::fill_closed_streams();
  restore_library_path();
  if (argc == 2 && argv[1] == std::string_view("--help-pages")) return xlt::cli::print_help_pages();
  end_at_once(xlt::cli::run_and_report(argc, argv));
}
