// SPDX-License-Identifier: Apache-2.0
#include "cli/help_pages_source.h"

#include "cli/command.h"
#include "cli/command_line.h"

namespace xlt::cli {

namespace {

std::string row_of(const std::string& command) {
  return "    {\"" + command + "\", R\"page(" + help_page(command) + ")page\"},\n";
}

}  // namespace

int print_help_pages() {
  std::string source =
      "#include \"front/help_pages.h\"\n\nnamespace xlt::front {\n\n"
      "std::span<const HelpPage> help_pages() {\n  static constexpr HelpPage kPages[] = {\n";
  source += row_of("");
  for (const auto& entry : commands()) source += row_of(entry.name);
  return print_page(source + "  };\n  return kPages;\n}\n\n}  // namespace xlt::front\n");
}

}  // namespace xlt::cli
