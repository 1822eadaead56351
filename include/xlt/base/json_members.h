// SPDX-License-Identifier: Apache-2.0
// Objects with very many members. JsonView::at looks a key up from the first on, so that asking for each of
// n keys costs n².
//
//   for_each_member(index.at("weight_map"), place, ErrorKind::kCheckpoint, "weight_map",
//                   [&](const std::string& name, const JsonView& shard) { … });
#pragma once

#include <string>

#include "xlt/base/json.h"

namespace xlt {

// Calls `use(key, view)` for each member of `object`, which stands at `path` of what stands at `where`.
// Throws as `object.keys()` where it is none.
template <typename Use>
void for_each_member(const JsonView& object, const std::string& where, ErrorKind kind,
                     const std::string& path, const Use& use) {
  if (!object.value().is_object()) object.keys();
  for (const auto& [key, value] : object.value().items())
    use(key, JsonView(value, where, kind, path.empty() ? key : path + "." + key));
}

}  // namespace xlt
