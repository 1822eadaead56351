// SPDX-License-Identifier: Apache-2.0
// The two sweeps of an experiment, as files that `xlt sweep` takes.
#pragma once

#include "run/lab/lab_design.h"

#include <filesystem>

namespace xlt {

// Trains a model from nothing in each world: FOLDER/model.json, the world's tokenizer and corpus.
Json pretraining_grid(const LabDesign& design, const std::filesystem::path& folder);
// Finetunes each world's model by each recipe, and evaluates and compares them.
Json finetuning_grid(const LabDesign& design, const std::filesystem::path& folder);

}  // namespace xlt
