// SPDX-License-Identifier: Apache-2.0
#include "eval/row_id.h"

#include <set>

#include "xlt/base/json.h"

namespace xlt {

std::string row_id(const Row& row, std::initializer_list<const char*> fields, size_t position) {
  for (const char* field : fields) {
    if (!row.has(field)) continue;
    const Json& value = row.fields().at(field);
    if (value.is_string() && !value.get<std::string>().empty()) return value.get<std::string>();
    if (value.is_number()) return dump_json(value);
  }
  return std::to_string(position);
}

std::vector<std::string> unique_ids(std::vector<std::string> ids) {
  std::set<std::string> taken;
  for (std::string& id : ids) {
    const std::string original = id;
    for (int copy = 2; !taken.insert(id).second; ++copy) id = original + "#" + std::to_string(copy);
  }
  return ids;
}

}  // namespace xlt
