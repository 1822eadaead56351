// SPDX-License-Identifier: Apache-2.0
// The program that people start: help, and what needs no model, without libtorch, whose loading takes half a
// second; all else by the engine.
#include "cli/command.h"
#include "cli/command_line.h"
#include "cli/report_errors.h"
#include "cli/standard_streams.h"
#include "front/engine.h"
#include "front/help_pages.h"

#include <algorithm>

namespace {

using Arguments = std::span<char* const>;

bool is_own(const Arguments& arguments) {
  const auto rows = xlt::cli::commands();
  const auto is_named = [&](const auto& entry) { return arguments[0] == std::string_view(entry.name); };
  if (arguments.empty() || std::none_of(rows.begin(), rows.end(), is_named)) return false;
  const auto asks_for_help = [](std::string_view one) { return one == "--help" || one == "-h"; };
  if (std::any_of(arguments.begin(), arguments.end(), asks_for_help)) return false;
  // Evaluations mostly ask a model.
  const auto names_completions = [](std::string_view one) { return one.starts_with("--completions"); };
  return arguments[0] != std::string_view("eval") ||
         std::any_of(arguments.begin(), arguments.end(), names_completions);
}

}  // namespace

int main(int argc, char** argv) {
  xlt::cli::fill_closed_streams();
  xlt::front::remember_arguments(argv);
  const Arguments arguments(argv + std::min(argc, 1), argv + argc);
  if (const auto page = xlt::front::find_help_page(arguments)) return xlt::cli::print_page(*page);
  if (arguments.size() == 1 && arguments[0] == std::string_view("--version"))
    return xlt::cli::print_page(xlt::cli::version_text() + "\n");
  if (!is_own(arguments)) return xlt::front::become_engine();
  // A command line that is wrong here may be right there (an option of models), and errors sound alike.
  return xlt::cli::run_and_report(argc, argv, [] {
    xlt::front::try_to_become_engine();
    return xlt::cli::report_current_error();
  });
}
