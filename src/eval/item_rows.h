// SPDX-License-Identifier: Apache-2.0
// Rows of a data file as items: which of them --limit keeps, and what they are called.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "xlt/dataset/reader.h"
#include "xlt/eval/evaluate.h"

namespace xlt {

struct ItemRow {
  std::string id;  // unique in the file
  Row row;
};
// A row is called by the first of `id_fields` that it has, text or number, else by its position; repeats get
// "#2", "#3" and so on. Those that --limit and --limit-order keep, in file order.
std::vector<ItemRow> select_items(std::vector<Row> rows, std::initializer_list<const char*> id_fields,
                                  const EvalOptions& options);
// Positions of the items that --limit keeps, ascending. In random order an item's place depends on the seed
// and its id alone: files that share ids give the same items, whatever else they hold.
std::vector<size_t> chosen_items(const std::vector<std::string>& ids, const EvalOptions& options);
// Makes ids unique by "#2", "#3" … on repeats, in order.
std::vector<std::string> unique_ids(std::vector<std::string> ids);

}  // namespace xlt
