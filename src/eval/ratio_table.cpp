// SPDX-License-Identifier: Apache-2.0
#include "xlt/eval/ratio_table.h"

#include <algorithm>

#include "xlt/base/error.h"

namespace xlt {

void RatioTable::add(const MetricSpec& spec, const std::string& id,
                     const std::map<std::string, Ratio>& ratios) {
  std::vector<Ratio> row;
  for (const std::string& name : spec.ratios) {
    const auto found = ratios.find(name);
    row.push_back(found == ratios.end() ? Ratio{} : found->second);
  }
  if (std::all_of(row.begin(), row.end(), [](const Ratio& ratio) { return ratio.denominator == 0; })) return;
  ids.push_back(id);
  cells.insert(cells.end(), row.begin(), row.end());
}

std::vector<Ratio> sums_of(const MetricSpec& spec, const RatioTable& table, std::span<const double> weights) {
  XLT_CHECK(weights.empty() || weights.size() == table.ids.size(), weights.size(), " weights for ",
            table.ids.size(), " items");
  const size_t width = spec.ratios.size();
  std::vector<Ratio> sums(width);
  for (size_t item = 0; item < table.ids.size(); ++item) {
    const double weight = weights.empty() ? 1 : weights[item];
    for (size_t r = 0; r < width; ++r) {
      sums[r].numerator += weight * table.cells[item * width + r].numerator;
      sums[r].denominator += weight * table.cells[item * width + r].denominator;
    }
  }
  return sums;
}

double value_of(const MetricSpec& spec, const RatioTable& table, std::span<const double> weights) {
  if (spec.is_of_sums()) return spec.combine(sums_of(spec, table, weights));
  XLT_CHECK(spec.ratios.size() == 1, spec.name, ": an order statistic of ", spec.ratios.size(), " ratios");
  return spec.formula->of_items(table.cells, weights, spec.scale);
}

bool keeps_bounds(const MetricSpec& spec, const RatioTable& table) {
  return spec.is_bounded && std::all_of(table.cells.begin(), table.cells.end(), [](const Ratio& ratio) {
           return ratio.numerator >= 0 && ratio.numerator <= ratio.denominator;
         });
}

bool is_single_ratio(const MetricSpec& spec) {
  return spec.formula == find_formula("ratio") || spec.formula == find_formula("ratio_or_one");
}

}  // namespace xlt
