// SPDX-License-Identifier: Apache-2.0
// The table of losses and what other modules ask of it.
#include "train/loss.h"

#include "xlt/train/trainer.h"

namespace xlt {

std::vector<std::string> method_names() { return names_of(losses()); }

RowKind method_row_kind(const std::string& method) {
  return find_entry(losses(), "method", method).make()->row_sets().front().kind;
}

}  // namespace xlt
