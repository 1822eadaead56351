// SPDX-License-Identifier: Apache-2.0
// The rest of the program, `xlt-engine`, which links libtorch. It stands beside this one where both were
// built, in ../libexec where they were packaged (scripts/package.sh).
#pragma once

namespace xlt::front {

// Where this process was started with `argv`, which has to stay: what become_engine goes on with.
void remember_arguments(char** argv);
// This process goes on as the engine, with the same arguments, streams and number. Returns only where it
// cannot, having said so on stderr: the exit code.
int become_engine();

}  // namespace xlt::front
