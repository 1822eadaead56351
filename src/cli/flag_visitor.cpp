// SPDX-License-Identifier: Apache-2.0
#include "cli/flag_visitor.h"

#include <algorithm>
#include <cctype>

#include <CLI/CLI.hpp>

#include "xlt/base/error.h"
#include "xlt/base/join.h"

namespace xlt::cli {

namespace {

// How the help of an option begins that must be given.
constexpr const char* kRequiredMark = "(required) ";
// The type of an option that takes several words where it needs no name.
constexpr const char* kWordsType = "A B …";

// The text with `word` instead of the flag, where that stands alone ("--file", not "--files").
std::string with_word(std::string text, const std::string& flag, const std::string& word) {
  const auto is_of_flag = [](unsigned char c) { return std::isalnum(c) || c == '-'; };
  for (size_t at = text.find(flag); at != std::string::npos; at = text.find(flag, at + 1)) {
    const size_t end = at + flag.size();
    if (end < text.size() && is_of_flag(text[end])) continue;
    text.replace(at, flag.size(), word);
  }
  return text;
}

// The default as help shows it; an empty one says nothing.
std::string default_text(const OptionDescription& option) {
  const std::string& value = option.default_value;
  return value.empty() ? "" : " [" + value + "]";
}

// Lines of at most kHelpColumns characters; CLI11 indents those after the first.
std::string wrap(const std::string& text) {
  constexpr size_t kHelpColumns = 76;
  std::string wrapped;
  size_t column = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    const bool fits = column + (end - begin) < kHelpColumns;
    if (begin > 0) wrapped += fits ? ' ' : '\n';
    if (!fits) column = 0;
    wrapped += text.substr(begin, end - begin);
    column += end - begin + 1;
    begin = end + 1;
  }
  return wrapped;
}

std::string help_text(const OptionDescription& option, bool required) {
  std::string text = required ? kRequiredMark : "";
  text += option.help;
  if (!option.check.empty()) text += " (" + option.check + ")";
  if (!required && option.type != "bool") text += default_text(option);
  return wrap(text);
}

std::string value_name(const OptionDescription& option) {
  if (option.type == "int") return "N";
  if (option.type == "number") return "X";
  if (option.type == "list") return "A,B,…";
  return "TEXT";
}

// A word as an item in the text of a list; commas within it are not separators.
std::string item_text(const std::string& word) {
  std::string text;
  for (char c : word) text += c == ',' ? std::string("\\,") : std::string(1, c);
  return text;
}

}  // namespace

std::string positional_name(const CommandHelp& help, const std::vector<OptionGroup>& groups) {
  std::string name = help.usage;
  for (const OptionDescription& option : describe_options(visit_all(groups))) {
    if (!name.empty() || option.name != help.positional) continue;
    for (const char c : option.name) name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (option.type == "list") name += "…";
  }
  return name;
}

void name_as_typed(const CommandHelp& help, const std::vector<OptionGroup>& groups,
                   const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kUsage || help.positional.empty()) throw;
    const std::string flag = flag_name(help.positional), name = positional_name(help, groups);
    throw Error(error.kind(), with_word(error.message(), flag, name), with_word(error.context(), flag, name));
  }
}

void Flags::add(const OptionGroup& group, const CommandHelp& help) {
  for (const OptionDescription& option : describe_options(group.visit)) {
    const bool required =
        std::find(help.required.begin(), help.required.end(), option.name) != help.required.end();
    const std::string text = help_text(option, required);
    std::string name = flag_name(option.name);
    const bool is_positional = option.name == help.positional;
    if (is_positional) name += "," + option.name;
    // Values are kept as text: the option's own definition parses and checks them.
    CLI::Option* flag = option.type == "bool" ? app_.add_flag(name, text)
                                              : app_.add_option(
                                                    name, [](const CLI::results_t&) { return true; }, text);
    // A list that needs no name takes a word an item, so that an item may hold commas. Given by name twice, a
    // list is both lists together (--scorer A --scorer B), another value the last.
    const bool is_words = is_positional && option.type == "list";
    if (is_words)
      flag->type_name(kWordsType)->expected(-1)->take_all();
    else if (option.type == "list")
      flag->type_name(value_name(option))->type_size(1)->expected(1)->take_all();
    else if (option.type != "bool")
      flag->type_name(value_name(option))->type_size(1)->take_last();
    flag->group(group.title);
    flags_.push_back({option.name, flag, is_words, option.type == "list"});
  }
}

std::vector<std::pair<std::string, std::string>> Flags::given() const {
  std::vector<std::pair<std::string, std::string>> given;
  for (const Flag& flag : flags_)
    if (flag.flag->count() > 0)
      given.emplace_back(flag.option, flag.is_words  ? join(flag.flag->results(), ",", item_text)
                                      : flag.is_list ? join(flag.flag->results(), ",")
                                                     : flag.flag->results().back());
  return given;
}

std::vector<std::string> Flags::names() const {
  std::vector<std::string> names;
  for (const Flag& flag : flags_) names.push_back(flag_name(flag.option));
  return names;
}

}  // namespace xlt::cli
