// SPDX-License-Identifier: Apache-2.0
// Rows that become items, less those that say null where a benchmark needs a value: these are unscored items,
// each with its reason, and void no others.
#pragma once

#include "eval/item_rows.h"

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "xlt/eval/benchmark.h"

namespace xlt {

struct ChosenItems {
  std::vector<ItemRow> rows;                           // those to score, in file order
  std::vector<std::pair<size_t, ScoredItem>> without;  // the others, with their places among all, ascending

  // All items in file order; `scored`: those of `rows`, one each.
  std::vector<ScoredItem> with_others(std::vector<ScoredItem> scored) const;
};
// As select_items; `fields`: those that may not be null. A field that is not there at all is left to who
// reads it: it says that the file is another.
ChosenItems choose_items(std::vector<Row> rows, std::initializer_list<const char*> id_fields,
                         const std::vector<std::string>& fields, const EvalOptions& options);

}  // namespace xlt
