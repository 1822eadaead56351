// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "xlt/base/context.h"
#include "xlt/dataset/record.h"
#include "xlt/run/train_run.h"

namespace xlt {

// The rows of `data` (a recipe's preset read into it, conversations rendered) as the run's method takes them;
// none of an empty `data`. Warns of a file that is given twice.
Records load_rows(const TrainRunOptions& options, const std::string& data, const Context& context);

}  // namespace xlt
