// SPDX-License-Identifier: Apache-2.0
// The pages that people look at when a sweep is done.
#pragma once

#include "run/sweep/plan.h"

#include <filesystem>

#include "xlt/base/context.h"

namespace xlt {

// Writes DIR/report.html, what `xlt report` makes of the model's comparison, of its evaluations where nothing
// is compared, and of its trainings that are done; of several models DIR/compare/MODEL/report.html each, and
// DIR/report.html leads to them. Where nothing is done there is no page: one of earlier cells is removed. For
// whoever holds the lock of the collecting, after the comparisons. Throws kIo and kData as page_data.
void write_pages(const std::filesystem::path& folder, const SweepPlan& plan, const Context& context);

}  // namespace xlt
