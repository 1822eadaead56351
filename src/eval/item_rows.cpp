// SPDX-License-Identifier: Apache-2.0
#include "eval/item_rows.h"

#include <set>

#include "xlt/base/json.h"

namespace xlt {

namespace {

std::string row_id(const Row& row, std::initializer_list<const char*> fields, size_t position) {
  for (const char* field : fields) {
    if (!row.has(field)) continue;
    const Json& value = row.fields().at(field);
    if (value.is_string() && !value.get<std::string>().empty()) return value.get<std::string>();
    if (value.is_number()) return dump_json(value);
  }
  return std::to_string(position);
}

}  // namespace

std::vector<std::string> unique_ids(std::vector<std::string> ids) {
  std::set<std::string> taken;
  for (std::string& id : ids) {
    const std::string original = id;
    for (int copy = 2; !taken.insert(id).second; ++copy) id = original + "#" + std::to_string(copy);
  }
  return ids;
}

std::vector<ItemRow> select_items(std::vector<Row> rows, std::initializer_list<const char*> id_fields,
                                  const EvalOptions& options) {
  std::vector<std::string> ids;
  for (const Row& row : rows) ids.push_back(row_id(row, id_fields, ids.size()));
  ids = unique_ids(std::move(ids));
  std::vector<ItemRow> items;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (options.limit > 0 && static_cast<int64_t>(items.size()) == options.limit) break;
    items.push_back({ids[i], std::move(rows[i])});
  }
  return items;
}

}  // namespace xlt
