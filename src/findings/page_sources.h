// SPDX-License-Identifier: Apache-2.0
// Where a page's numbers come from: every option, hash and command that makes them again.
#pragma once

#include "findings/page_inputs.h"

namespace xlt {

// One a report, training, comparison and table of predictors: {"kind", "name", "folder", "command", "config",
// "model", "hashes": {file: sha256}, "code", "env", "seeds", "status", "errors", "file_sha256"}.
Json page_sources(const PageInputs& inputs);

// The command line that gives these options: "xlt eval --model models/x --langs en,fr". Options that are
// empty or off are left out.
std::string command_line_of(const Json& config);

}  // namespace xlt
