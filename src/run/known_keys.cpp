// SPDX-License-Identifier: Apache-2.0
#include "run/known_keys.h"

#include <algorithm>

#include "xlt/base/registry.h"

namespace xlt {

void check_known_keys(const JsonView& object, const std::vector<std::string>& known) {
  for (const std::string& key : object.keys())
    if (std::find(known.begin(), known.end(), key) == known.end())
      object.fail(unknown_name_message("key", key, known));
}

}  // namespace xlt
