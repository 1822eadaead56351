// SPDX-License-Identifier: Apache-2.0
// Names of the Hugging Face hub in options that name a model.
#pragma once

#include "xlt/base/config.h"

namespace xlt::cli {

// Replaces such names (--model org/name) by the folders that the local cache keeps them in: HF_HUB_CACHE, or
// hub in HF_HOME, or the cache's usual place. What is a path, and what the cache does not hold, stays.
void resolve_hub_names(const VisitFunction& visit);

}  // namespace xlt::cli
