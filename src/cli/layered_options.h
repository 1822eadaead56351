// SPDX-License-Identifier: Apache-2.0
// What a command may be besides: one whose options can begin with a named set of them, a recipe.
#pragma once

#include <string>
#include <vector>

#include "xlt/base/resolve_options.h"

namespace xlt::cli {

class LayeredOptions {
 public:
  virtual ~LayeredOptions() = default;
  // Sets the options of the recipe that is named, if one is, and says whether; those that were given are then
  // set again: they win.
  virtual bool read_recipe_by(const std::vector<OptionGroup>& groups) = 0;
  // Throws where options do not go together, or files that they name beside the data are not there.
  virtual void check_together() const = 0;
};

}  // namespace xlt::cli
