// SPDX-License-Identifier: Apache-2.0
#include "front/help_pages.h"

namespace xlt::front {

namespace {

bool asks_for_help(std::string_view argument) { return argument == "--help" || argument == "-h"; }

std::optional<std::string_view> page_of(std::string_view command) {
  for (const HelpPage& page : help_pages())
    if (page.command == command) return page.text;
  return std::nullopt;  // the engine knows what is near
}

}  // namespace

std::optional<std::string_view> find_help_page(std::span<char* const> arguments) {
  if (arguments.size() == 1 && (asks_for_help(arguments[0]) || arguments[0] == std::string_view("help")))
    return page_of("");
  if (arguments.size() != 2) return std::nullopt;
  if (arguments[0] == std::string_view("help")) return page_of(arguments[1]);
  if (asks_for_help(arguments[1])) return page_of(arguments[0]);
  return std::nullopt;
}

}  // namespace xlt::front
