// SPDX-License-Identifier: Apache-2.0
// The table of losses and what other modules ask of it.
#include "train/loss.h"
#include "train/training_data.h"

#include <algorithm>

#include "xlt/train/trainer.h"

namespace xlt {

std::vector<std::string> method_names() { return names_of(losses()); }

RowKind method_row_kind(const std::string& method) {
  return find_entry(losses(), "method", method).make()->row_sets().front().kind;
}

bool method_uses_reference(const TrainerOptions& options) {
  const auto loss = find_entry(losses(), "method", options.method).make();
  options.method_options.apply(*loss);
  const std::vector<RowSetSpec> sets = loss->row_sets();
  return std::any_of(sets.begin(), sets.end(), [](const RowSetSpec& set) { return set.uses_reference; });
}

bool may_cut_steps_anew(const TrainerOptions& options) {
  return may_cut_steps_anew(options, *find_entry(losses(), "method", options.method).make());
}

}  // namespace xlt
