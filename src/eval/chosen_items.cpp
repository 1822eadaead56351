// SPDX-License-Identifier: Apache-2.0
#include "eval/chosen_items.h"

#include <span>

#include "xlt/base/error.h"
#include "xlt/base/json.h"

namespace xlt {

namespace {

// The name of the first null at `steps` within `value`, which is called `name`; empty: there is none.
std::string null_at(const Json& value, std::span<const std::string> steps, const std::string& name) {
  if (value.is_null()) return name;
  if (steps.empty()) return "";
  const std::string& step = steps.front();
  if (value.is_object()) {
    const auto found = value.find(step);
    const std::string inner = name.empty() ? step : str_cat(name, ".", step);
    return found == value.end() ? "" : null_at(*found, steps.subspan(1), inner);
  }
  for (size_t i = 0; value.is_array() && i < value.size(); ++i)
    if (step == "*" || step == std::to_string(i))
      if (auto null = null_at(value[i], steps.subspan(1), str_cat(name, "[", i, "]")); !null.empty())
        return null;
  return "";
}

}  // namespace

std::vector<FieldPath> outermost(const std::vector<std::string>& fields) {
  std::vector<FieldPath> paths;
  for (const std::string& field : fields) paths.push_back({field});
  return paths;
}

Unscored null_in(const Row& row, const std::vector<FieldPath>& fields) {
  for (const FieldPath& field : fields)
    if (const std::string null = null_at(row.fields(), field, ""); !null.empty())
      return {Reason::kOther, str_cat("field \"", null, "\" is null")};
  return {};
}

ChosenItems choose_items(std::vector<Row> rows, std::initializer_list<const char*> id_fields,
                         const std::vector<FieldPath>& fields, const EvalOptions& options) {
  ChosenItems chosen;
  size_t place = 0;
  for (ItemRow& item : select_items(std::move(rows), id_fields, options)) {
    if (Unscored why = null_in(item.row, fields); why.empty()) {
      chosen.rows.push_back(std::move(item));
    } else {
      ScoredItem unscored{item.id};
      unscored.unscored = std::move(why);
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
