// SPDX-License-Identifier: Apache-2.0
#include "eval/item_rows.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "xlt/base/json.h"
#include "xlt/base/rng.h"

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

std::vector<size_t> chosen_items(const std::vector<std::string>& ids, const EvalOptions& options) {
  std::vector<size_t> positions(ids.size());
  std::iota(positions.begin(), positions.end(), size_t{0});
  if (options.limit == 0 || ids.size() <= static_cast<size_t>(options.limit)) return positions;
  if (options.limit_order == "random") {
    const Rng rng = Rng(options.seed).fork("limit");
    std::vector<uint64_t> places;
    for (const std::string& id : ids) places.push_back(rng.fork(id).next());
    std::stable_sort(positions.begin(), positions.end(),
                     [&](size_t a, size_t b) { return places[a] < places[b]; });
  }
  positions.resize(static_cast<size_t>(options.limit));
  std::sort(positions.begin(), positions.end());
  return positions;
}

std::vector<ItemRow> select_items(std::vector<Row> rows, std::initializer_list<const char*> id_fields,
                                  const EvalOptions& options) {
  std::vector<std::string> ids;
  for (const Row& row : rows) ids.push_back(row_id(row, id_fields, ids.size()));
  ids = unique_ids(std::move(ids));
  std::vector<ItemRow> items;
  for (const size_t i : chosen_items(ids, options)) items.push_back({ids[i], std::move(rows[i])});
  return items;
}

}  // namespace xlt
