// SPDX-License-Identifier: Apache-2.0
// configs/recipes/*.json, built into the program (src/cmake/recipes.cmake).
#pragma once

#include <cstddef>

namespace xlt {

struct BuiltInRecipe {
  const char *name, *text;
};
extern const BuiltInRecipe kBuiltInRecipes[];
extern const size_t kNumBuiltInRecipes;

}  // namespace xlt
