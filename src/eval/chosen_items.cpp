// SPDX-License-Identifier: Apache-2.0
#include "eval/chosen_items.h"

#include <algorithm>

#include "xlt/base/error.h"
#include "xlt/base/json.h"

namespace xlt {

namespace {

bool is_null(const Row& row, const std::string& field) {
  const Json& fields = row.fields();
  return fields.is_object() && fields.contains(field) && fields.at(field).is_null();
}

}  // namespace

ChosenItems choose_items(std::vector<Row> rows, std::initializer_list<const char*> id_fields,
                         const std::vector<std::string>& fields, const EvalOptions& options) {
  ChosenItems chosen;
  size_t place = 0;
  for (ItemRow& item : select_items(std::move(rows), id_fields, options)) {
    const auto null = std::find_if(fields.begin(), fields.end(),
                                   [&](const std::string& field) { return is_null(item.row, field); });
    if (null == fields.end()) {
      chosen.rows.push_back(std::move(item));
    } else {
      ScoredItem unscored{item.id};
      unscored.unscored = {Reason::kOther, str_cat("field \"", *null, "\" is null")};
      chosen.without.emplace_back(place, std::move(unscored));
    }
    ++place;
  }
  return chosen;
}

std::vector<ScoredItem> ChosenItems::with_others(std::vector<ScoredItem> scored) const {
  XLT_CHECK(scored.size() == rows.size(), scored.size(), " items of ", rows.size(), " rows");
  std::vector<ScoredItem> all;
  auto other = without.begin();
  for (auto item = scored.begin(); item != scored.end() || other != without.end();) {
    if (other != without.end() && other->first == all.size())
      all.push_back((other++)->second);
    else
      all.push_back(std::move(*item++));
  }
  return all;
}

}  // namespace xlt
