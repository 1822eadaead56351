// SPDX-License-Identifier: Apache-2.0
// Why a language model could not continue a prompt.
#pragma once

#include <vector>

#include "xlt/lm/language_model.h"
#include "xlt/scorers/unscored.h"

namespace xlt {

// Of the completions of one prompt; kNone: it was continued. One such prompt is one unscored item, whatever
// stands beside it.
Unscored refusal_of(const std::vector<Completion>& completions);

}  // namespace xlt
