// SPDX-License-Identifier: Apache-2.0
#include "eval/mbbq/group_means.h"

#include <algorithm>

namespace xlt {

void GroupMeans::add(size_t item, const std::string& group, double value, int kind) {
  groups_[group].push_back({item, value, kind});
}

std::vector<Ratio> GroupMeans::ratios() const {
  std::vector<Ratio> ratios(num_items_);
  for (const auto& [name, values] : groups_) {
    std::vector<double> counts(static_cast<size_t>(num_kinds_));
    for (const Value& value : values) ++counts[static_cast<size_t>(value.kind)];
    if (std::any_of(counts.begin(), counts.end(), [](double count) { return count == 0; })) continue;
    for (const Value& value : values) {
      const double count = counts[static_cast<size_t>(value.kind)];
      ratios[value.item].numerator += value.value / count;
      ratios[value.item].denominator += 1 / (count * num_kinds_);
    }
  }
  return ratios;
}

}  // namespace xlt
