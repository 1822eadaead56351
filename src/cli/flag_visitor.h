// SPDX-License-Identifier: Apache-2.0
// Options as command-line flags: every field of a struct's `visit` becomes one CLI11 option, `--kebab-case`.
#pragma once

#include "cli/command.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace xlt::cli {

// The option that may be given without its name, as the usage line has it: "FILE", "FOLDERS…" of several, or
// `help.usage`; empty: there is none.
std::string positional_name(const CommandHelp& help, const std::vector<OptionGroup>& groups);
// Does `work`, whose usage errors know options by their flags: they name that one as the user types it.
void name_as_typed(const CommandHelp& help, const std::vector<OptionGroup>& groups,
                   const std::function<void()>& work);

class Flags {
 public:
  explicit Flags(CLI::App& app) : app_(app) {}
  // Adds the group's fields. The option called `positional` may be given without its name, a list as several
  // words; those in `required` are marked.
  void add(const OptionGroup& group, const CommandHelp& help);
  // (option, text) of the flags that were given, once the app has parsed; in order of declaration.
  std::vector<std::pair<std::string, std::string>> given() const;
  std::vector<std::string> names() const;  // "--max-steps", …

 private:
  struct Flag {
    std::string option;
    CLI::Option* flag;
    bool is_words, is_list;  // positional words · given by name, perhaps several times
  };
  CLI::App& app_;
  std::vector<Flag> flags_;
};

}  // namespace xlt::cli
