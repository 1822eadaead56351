// SPDX-License-Identifier: Apache-2.0
// What may not be there, as JSON: null is not absence of the key.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "xlt/base/json.h"

namespace xlt {

template <typename T>
Json json_or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

// A field of an object; null where there is none, or no object.
inline Json value_or_null(const Json& object, std::string_view key) {
  if (!object.is_object()) return Json();
  const auto found = object.find(key);
  return found == object.end() ? Json() : *found;
}

// Every key that either has; what is no object has none.
inline std::set<std::string> keys_of_either(const Json& a, const Json& b) {
  std::set<std::string> keys;
  for (const Json* object : {&a, &b})
    if (object->is_object())
      for (const auto& [key, value] : object->items()) keys.insert(key);
  return keys;
}

}  // namespace xlt
