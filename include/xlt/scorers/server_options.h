// SPDX-License-Identifier: Apache-2.0
// The options of a command that asks a scorer's program or server.
#pragma once

#include <cstdint>

#include "xlt/base/config.h"

namespace xlt {

// --scorer-timeout (seconds), --scorer-rate (requests a second; 0: as fast as it answers), --scorer-retries.
void visit_scorer_server(OptionVisitor& v, double& scorer_timeout, double& scorer_rate,
                         int64_t& scorer_retries);

}  // namespace xlt
