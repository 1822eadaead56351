// SPDX-License-Identifier: Apache-2.0
// Named sets of training options: the study's recipes (configs/recipes/), or a file of the same form,
//
//   {"description": "…", "preset": "panda",      // comments allowed; `preset` may be left out
//    "options": {"method": "sft", …},            // of xlt train, as in a config, sections allowed
//    "paper": {"no_append_eos": true, …}}        // what the published code's quirks change in them
//
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "xlt/base/json_fwd.h"
#include "xlt/base/resolve_options.h"

namespace xlt {

struct TrainRunOptions;

// (name, description) of those that are built in, by name.
std::vector<std::pair<std::string, std::string>> recipes();
// Whether `recipe` is a file rather than a name.
bool is_recipe_file(const std::string& recipe);
// Sets the options of the recipe that `options` name, in their recipe_mode, by `groups`, those of `xlt
// train`. What was given on the command line or in a config is to be set again afterwards: it wins. Where
// neither recipe nor options say what to evaluate on, the recipe's evaluations are left out. Nothing where no
// recipe is named. Throws kUsage for an unknown name, kConfig for a file's faults.
void read_recipe(const TrainRunOptions& options, const std::vector<OptionGroup>& groups);
// `data` as load_records takes it: bare files are read by the recipe's preset (with_preset).
std::string recipe_data(const std::string& recipe, const std::string& data);

}  // namespace xlt
