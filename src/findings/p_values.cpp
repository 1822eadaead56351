// SPDX-License-Identifier: Apache-2.0
#include "findings/p_values.h"

#include "xlt/base/json.h"

namespace xlt {

PValues::PValues(Json& rows) {
  for (Json& row : rows) add(row);
}

void PValues::add(Json& row) {
  const Json& p = row.at("p_value");
  if (!p.is_number()) return;
  rows_.push_back(&row);
  values_.push_back(p.get<double>());
}

void PValues::write(const char* key, const std::vector<double>& corrected) const {
  for (size_t i = 0; i < rows_.size(); ++i) (*rows_[i])[key] = corrected[i];
}

}  // namespace xlt
