// SPDX-License-Identifier: Apache-2.0
// A range cut into runs, for work done a piece at a time.
//   for (const Run& rows : even_runs_of(total, 240)) work_on(x.narrow(0, rows.first, rows.count));
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace xlt {

struct Run {
  int64_t first, count;
  int64_t end() const { return first + count; }
};

// 0 … total in runs of `size`, the last one with what is left; none for nothing. size ≥ 1.
inline std::vector<Run> runs_of(int64_t total, int64_t size) {
  std::vector<Run> runs;
  for (int64_t first = 0; first < total; first += size)
    runs.push_back({first, std::min(size, total - first)});
  return runs;
}

// As few runs of at most `size`, as equal as can be: a short last one would read a whole weight for a few
// rows.
inline std::vector<Run> even_runs_of(int64_t total, int64_t size) {
  const int64_t count = std::max<int64_t>(1, (total + size - 1) / size);
  return runs_of(total, std::max<int64_t>(1, (total + count - 1) / count));
}

}  // namespace xlt
