// SPDX-License-Identifier: Apache-2.0
// What stands on top of a page: what was looked at, and what was found.
#pragma once

#include "findings/page_inputs.h"

namespace xlt {

// {"sentences": [text], "facts": [[name, value]]}: two or three sentences, of which one counts the changes
// that hold after the correction and one names them; and model, arms, languages, benchmarks, items, limit,
// scoring, scorers and date, as far as the inputs say. `comparison` may be null.
Json page_summary(const PageInputs& inputs, const Json& comparison);

}  // namespace xlt
