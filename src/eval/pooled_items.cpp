// SPDX-License-Identifier: Apache-2.0
#include "eval/pooled_items.h"

#include <algorithm>
#include <map>

namespace xlt {

namespace {

// The item's ratio, mean over runs.
double mean_ratio(const std::vector<RatioTable>& runs, int64_t item) {
  double sum = 0;
  for (const RatioTable& run : runs) {
    const Ratio ratio = run.row(item)[0];
    sum += ratio.numerator / ratio.denominator;
  }
  return sum / static_cast<double>(runs.size());
}

bool differ(const PairedItems& language, int64_t item) {
  const auto first = language.before[0].row(item);
  const auto is_other = [&](const RatioTable& run) {
    const auto row = run.row(item);
    return !std::equal(row.begin(), row.end(), first.begin(), [](const Ratio& a, const Ratio& b) {
      return a.numerator == b.numerator && a.denominator == b.denominator;
    });
  };
  return std::any_of(language.before.begin(), language.before.end(), is_other) ||
         std::any_of(language.after.begin(), language.after.end(), is_other);
}

}  // namespace

PooledItems::PooledItems(std::span<const PairedItems> items) : languages(items) {
  std::map<std::string, size_t> place_of;
  for (const PairedItems& language : languages) {
    places.emplace_back();
    for (const std::string& id : language.before[0].ids) {
      const auto [found, is_new] = place_of.try_emplace(id, ids.size());
      if (is_new) ids.push_back(id);
      places.back().push_back(found->second);
    }
  }
}

std::vector<double> changes_by_id(const PooledItems& pooled) {
  std::vector<double> changes(pooled.ids.size());
  for (size_t l = 0; l < pooled.languages.size(); ++l) {
    const PairedItems& language = pooled.languages[l];
    const double share =
        static_cast<double>(pooled.ids.size()) /
        static_cast<double>(language.num_items() * static_cast<int64_t>(pooled.languages.size()));
    for (int64_t item = 0; item < language.num_items(); ++item)
      changes[pooled.places[l][item]] +=
          share * (mean_ratio(language.after, item) - mean_ratio(language.before, item));
  }
  return changes;
}

std::vector<char> moved_ids(const PooledItems& pooled) {
  std::vector<char> moved(pooled.ids.size());
  for (size_t l = 0; l < pooled.languages.size(); ++l)
    for (int64_t item = 0; item < pooled.languages[l].num_items(); ++item)
      if (differ(pooled.languages[l], item)) moved[pooled.places[l][item]] = true;
  return moved;
}

}  // namespace xlt
