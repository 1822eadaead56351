// SPDX-License-Identifier: Apache-2.0
// Parts of tokenizer.json by their "type", expanded from rows X(name, type) of a *.def.
#pragma once

#include <span>
#include <string>

#include "xlt/base/join.h"
#include "xlt/base/json.h"

namespace xlt {

template <typename Part>
struct PartType {
  const char* type;
  Part (*make)(const JsonView& json);
};

// The part that `json` names; throws kCheckpoint for a type that is not in the table.
template <typename Part>
Part make_part(std::span<const PartType<Part>> table, const char* kind, const JsonView& json) {
  const std::string type = json.at("type").as_string();
  for (const PartType<Part>& row : table)
    if (type == row.type) return row.make(json);
  json.at("type").fail(str_cat(kind, " \"", type,
                               "\" is not supported; supported: ", join(table, ", ", &PartType<Part>::type)));
}

// The option `key`, which must be one character; with an empty `fallback` it must be there.
std::string one_character(const JsonView& json, const char* key, const char* fallback);

}  // namespace xlt
