// SPDX-License-Identifier: Apache-2.0
// What is wrong with the options of a training, known before it begins.
#pragma once

#include <string>

namespace xlt {

struct TrainRunOptions;

// Throws kUsage, kIo or kData where options do not go together or files that the run looks at on its way
// (TrainRunOptions::watch) cannot be read. Opens neither model nor data.
void check_training_options(const TrainRunOptions& options);

// Throws kUsage that says which file and fields a recipe reads: for a training to which no data was given.
// Returns where no recipe is named.
void refuse_recipe_without_data(const std::string& recipe);

}  // namespace xlt
