// SPDX-License-Identifier: Apache-2.0
// What this binary was built from.
#pragma once

namespace xlt {
const char* version();              // "0.1.0"
const char* build_commit();         // full hash, or "unknown" outside a git checkout
bool build_dirty();                 // uncommitted changes at configure time
const char* build_torch_version();  // libtorch whose headers were compiled against
}  // namespace xlt
