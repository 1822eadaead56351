// SPDX-License-Identifier: Apache-2.0
// The name by which a family is found. Inside `models` only.
#pragma once

#include <string>

#include "xlt/base/json.h"
#include "xlt/checkpoint/model_source.h"

namespace xlt {

// config.json's `model_type`. Throws kCheckpoint where it has none.
inline std::string model_type_of(const ModelSource& source) {
  const Json json = source.config();
  return JsonView(json, source.config_place(), ErrorKind::kCheckpoint).at("model_type").as_string();
}

}  // namespace xlt
