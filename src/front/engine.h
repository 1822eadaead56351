// SPDX-License-Identifier: Apache-2.0
// The rest of the program, `xlt-engine`, which links libtorch. It stands beside this one where both were
// built, in ../libexec where they were packaged (scripts/package.sh).
#pragma once

#include <string>

namespace xlt::front {

// Where this process was started with `argv`, which has to stay: what become_engine goes on with.
void remember_arguments(char** argv);
// This process goes on as the engine, with the same arguments, streams and number. Returns only where it
// cannot: why not.
std::string try_to_become_engine();
// The same; where it cannot, says so on stderr and returns the exit code.
int become_engine();

}  // namespace xlt::front
