// SPDX-License-Identifier: Apache-2.0
// A subcommand: its help, its options, its work. One file each, one row in commands.def.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "xlt/base/config.h"
#include "xlt/base/error.h"
#include "xlt/base/registry.h"
#include "xlt/base/resolve_options.h"
#include "xlt/run/checks.h"

namespace xlt::cli {

class Session;

// The exit code where some cells could not be computed.
inline constexpr int kSomeCellsFailed = 4;

struct CommandHelp {
  std::string purpose;                // one line
  std::string example;                // a command line that works
  std::vector<std::string> required;  // options that must be given
  std::string positional;             // the option that may be given without its name; empty: none
  std::string usage = {};  // what it stands for in the usage line; empty: the option's name in capitals
};

class Command {
 public:
  virtual ~Command() = default;
  virtual CommandHelp help() const = 0;
  virtual std::vector<OptionGroup> groups() = 0;
  // Does the work with the options as they stand and returns the exit code. Results go to stdout.
  virtual int run(Session& session) = 0;
  // Options that must be given, as the others stand. Throws kUsage where there is more to say than their
  // names.
  virtual std::vector<std::string> required() const { return help().required; }
  // Whether an interrupt that it does not heed in time may end the process: it keeps nothing to go on with,
  // and leaves nothing but --output, which appears when it is whole (InterruptDeadline).
  virtual bool may_be_cut_short() const { return false; }
  // Of an error before `run`: other ranks may be waiting for this one. May end the process, or return.
  virtual void tell_ranks(const Error& /*error*/) const {}
  // Opens what `run` would read; for `xlt validate`.
  virtual void check(Checks& checks) {}
};

#define X(name) std::unique_ptr<Command> make_##name##_command();
#include "cli/commands.def"
#undef X
// What this program can do, in the order of its table.
std::span<const Entry<Command>> commands();

}  // namespace xlt::cli
