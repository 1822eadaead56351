// SPDX-License-Identifier: Apache-2.0
#include "cli/flag_visitor.h"

#include <algorithm>

#include <CLI/CLI.hpp>

namespace xlt::cli {

namespace {

// The default as help shows it; long ones and empty ones say nothing.
std::string default_text(const OptionDescription& option) {
  const std::string& value = option.default_value;
  return value.empty() || value == "\"\"" || value == "[]" ? "" : " [" + value + "]";
}

std::string help_text(const OptionDescription& option, bool required) {
  std::string text = required ? "(required) " : "";
  text += option.help;
  if (!option.check.empty()) text += " (" + option.check + ")";
  if (!required && option.type != "bool") text += default_text(option);
  return text;
}

std::string value_name(const OptionDescription& option) {
  if (option.type == "int") return "N";
  if (option.type == "number" || option.type == "double" || option.type == "float") return "X";
  if (option.type == "list" || option.type == "strings") return "A,B,…";
  return "TEXT";
}

}  // namespace

std::string flag_name(const std::string& option) {
  std::string flag = "--" + option;
  std::replace(flag.begin() + 2, flag.end(), '_', '-');
  return flag;
}

void Flags::add(const OptionGroup& group, const CommandHelp& help) {
  for (const OptionDescription& option : describe_options(group.visit)) {
    const bool required =
        std::find(help.required.begin(), help.required.end(), option.name) != help.required.end();
    const std::string text = help_text(option, required);
    std::string name = flag_name(option.name);
    if (option.name == help.positional) name += "," + option.name;
    // Values are kept as text: the option's own definition parses and checks them.
    CLI::Option* flag = option.type == "bool" ? app_.add_flag(name, text)
                                              : app_.add_option(
                                                    name, [](const CLI::results_t&) { return true; }, text);
    if (option.type != "bool") flag->type_name(value_name(option))->type_size(1)->take_last();
    flag->group(group.title);
    flags_.push_back({option.name, flag});
  }
}

std::vector<std::pair<std::string, std::string>> Flags::given() const {
  std::vector<std::pair<std::string, std::string>> given;
  for (const Flag& flag : flags_)
    if (flag.flag->count() > 0) given.emplace_back(flag.option, flag.flag->results().back());
  return given;
}

std::vector<std::string> Flags::names() const {
  std::vector<std::string> names;
  for (const Flag& flag : flags_) names.push_back(flag_name(flag.option));
  return names;
}

}  // namespace xlt::cli
