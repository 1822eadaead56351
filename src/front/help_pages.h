// SPDX-License-Identifier: Apache-2.0
// What `--help` prints, made by the engine when it is built.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace xlt::front {

struct HelpPage {
  const char *command, *text;  // command: empty for the page of all
};
// In build/generated/help_pages.cpp, which `xlt-engine --help-pages` wrote.
std::span<const HelpPage> help_pages();

// The page that a command line asks for and for nothing else ("--help", "help", "train --help", "help
// train"); `arguments` without the program's name.
std::optional<std::string_view> find_help_page(std::span<char* const> arguments);

}  // namespace xlt::front
