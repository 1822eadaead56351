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
// A place in a row: names of fields from the outermost in; of a list a position, or "*" for all of it.
using FieldPath = std::vector<std::string>;
std::vector<FieldPath> outermost(const std::vector<std::string>& fields);  // a path each

// "field "candidates[1].sentence" is null" of the first place that is null, or within something that is;
// kNone where there is none. What is not there at all, or of another kind, is left to who reads it: it says
// that the file is another.
Unscored null_in(const Row& row, const std::vector<FieldPath>& fields);

// As select_items; `fields`: those that may not be null (null_in).
ChosenItems choose_items(std::vector<Row> rows, std::initializer_list<const char*> id_fields,
                         const std::vector<FieldPath>& fields, const EvalOptions& options);

}  // namespace xlt
