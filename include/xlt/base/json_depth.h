// SPDX-License-Identifier: Apache-2.0
// How deep JSON may nest, wherever we read it. Writers, destructors and whatever is built from a document
// recurse; no file of ours or of a checkpoint comes near this.
#pragma once

#include <cstddef>

namespace xlt {

inline constexpr size_t kMaxJsonDepth = 200;

}  // namespace xlt
