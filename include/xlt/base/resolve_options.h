// SPDX-License-Identifier: Apache-2.0
// One set of option values from three sources: a config file, `key=value` assignments, flags; later ones win.
// The command line resolves its commands' options so, and a sweep those of its cells.
//
//   std::vector<OptionGroup> groups = {{"run", "Model, data and output", visit_of(options)}, …};
//   resolve_options("train", groups, {.config_file = "dpo.json", .set = {"training.beta=0.2"}});
//   check_required("train", {"method", "data"}, groups);
//
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "xlt/base/config.h"
#include "xlt/base/json_fwd.h"

namespace xlt {

// Options shown together under `title`; a config file may put them in a section called `id`, which several
// groups may share.
struct OptionGroup {
  std::string id, title;
  VisitFunction visit;
};

struct GivenOptions {
  std::string config_file;                                 // empty: none
  std::vector<std::string> set;                            // "key=value", "section.key=value"
  std::vector<std::pair<std::string, std::string>> flags;  // (option, text)
};

// "max_steps" → "--max-steps"
std::string flag_name(const std::string& option);

// Every field of every group, as one list.
VisitFunction visit_all(const std::vector<OptionGroup>& groups);

// The config file may be the record of a run of this command (config_in). Throws kConfig with every fault of
// the file (JSON path each), kUsage for what is wrong in `set` and flags.
void resolve_options(const std::string& command, const std::vector<OptionGroup>& groups,
                     const GivenOptions& given);

// The options of a config: "command", if there, must be `command`; sections are laid flat. `where` names the
// config in messages. Throws kConfig.
void read_config(const Json& config, const std::string& where, const std::string& command,
                 const std::vector<OptionGroup>& groups);

// What a file given as a config has of options: of the record of a run (run.json, report.json: an object
// "config" beside "version") its "config", which `where` is then told to name; of any other file all of it.
const Json& config_in(const Json& file, std::string& where);

// Throws kUsage naming the required options that are still empty.
void check_required(const std::string& command, const std::vector<std::string>& required,
                    const std::vector<OptionGroup>& groups);

}  // namespace xlt
