// SPDX-License-Identifier: Apache-2.0
// The ids of several languages' items together: what is drawn or exchanged as one.
#pragma once

#include <vector>

#include "xlt/eval/paired_items.h"

namespace xlt {

struct PooledItems {
  explicit PooledItems(std::span<const PairedItems> languages);

  std::span<const PairedItems> languages;
  std::vector<std::string> ids;             // of every language, each once
  std::vector<std::vector<size_t>> places;  // [language][item] → its place in `ids`
};

// Each id's part in the mean change of a metric of one ratio, in units of the ratio, so that their mean is
// the change where all denominators are equal: Σ over languages of the item's ratio after − before (means
// over runs), each over the language's number of items and the number of languages, times the number of ids.
std::vector<double> changes_by_id(const PooledItems& pooled);
// Whether anything of an id differs between the two sides.
std::vector<char> moved_ids(const PooledItems& pooled);

}  // namespace xlt
