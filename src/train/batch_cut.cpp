// SPDX-License-Identifier: Apache-2.0
#include "train/batch_cut.h"

#include <algorithm>

namespace xlt {

namespace {

// The rows of a micro-batch's longest set.
int64_t num_rows(const MicroBatch& batch) {
  int64_t most = 0;
  for (const RowBatch& rows : batch) most = std::max(most, std::ssize(rows.indices));
  return most;
}

}  // namespace

BatchCut::BatchCut(const Loss& loss) {
  const std::vector<RowSetSpec> sets = loss.row_sets();
  may_be_cut_ =
      std::none_of(sets.begin(), sets.end(), [](const RowSetSpec& set) { return set.uses_mismatched; });
}

std::vector<MicroBatch> BatchCut::parts_of(const MicroBatch& batch) const {
  const int64_t num_parts = std::min(num_parts_, num_rows(batch));
  if (num_parts <= 1) return {batch};
  std::vector<MicroBatch> parts;
  for (int64_t part = 0; part < num_parts; ++part) {
    MicroBatch& cut = parts.emplace_back();
    for (const RowBatch& rows : batch) {
      const auto begin = rows.indices.begin();
      const int64_t size = std::ssize(rows.indices);
      cut.push_back({rows.rows, {begin + part * size / num_parts, begin + (part + 1) * size / num_parts}});
    }
  }
  return parts;
}

bool BatchCut::cut_further(std::span<const MicroBatch> batches) {
  int64_t most = 0;
  for (const MicroBatch& batch : batches) most = std::max(most, num_rows(batch));
  if (!may_be_cut_ || num_parts_ >= most) return false;
  num_parts_ = std::min(2 * num_parts_, most);
  return true;
}

}  // namespace xlt
