// SPDX-License-Identifier: Apache-2.0
// Options as command-line flags: every field of a struct's `visit` becomes one CLI11 option, `--kebab-case`.
#pragma once

#include "cli/command.h"

#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace xlt::cli {

// How the help of an option begins that must be given.
inline constexpr const char* kRequiredMark = "(required) ";
// The type of an option that takes several words where it needs no name.
inline constexpr const char* kWordsType = "A B …";

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
