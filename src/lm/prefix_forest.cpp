// SPDX-License-Identifier: Apache-2.0
#include "lm/prefix_forest.h"

#include <algorithm>
#include <numeric>

namespace xlt {

namespace {

using Sequence = std::vector<int64_t>;

int64_t common_prefix(const Sequence& a, const Sequence& b) {
  return std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin();
}

// Builds the prefix tree of a sorted range by splitting where its first and last member part.
class ForestBuilder {
 public:
  ForestBuilder(std::span<const Sequence> sequences, ForestBatch& out) : sequences_(sequences), out_(out) {}

  // Members [low, high) of the run share their first `depth` tokens, which end in segment `parent`.
  void build(int64_t low, int64_t high, int64_t depth, int64_t parent) {
    const int64_t shared = common_prefix(at(low), at(high - 1));
    if (shared > depth) {
      parent = add_segment(low, high, depth, shared, parent);
      depth = shared;
    }
    while (low < high && static_cast<int64_t>(at(low).size()) == depth) ++low;  // complete
    while (low < high) {
      int64_t next = low + 1;
      while (next < high && at(next)[depth] == at(low)[depth]) ++next;
      build(low, next, depth, parent);
      low = next;
    }
  }

 private:
  const Sequence& at(int64_t member) const { return sequences_[out_.sequences[member]]; }

  int64_t add_segment(int64_t low, int64_t high, int64_t begin, int64_t end, int64_t parent) {
    const int64_t first_row = out_.batch.num_tokens();
    const int64_t segment = out_.batch.add(std::span(at(low)).subspan(begin, end - begin), parent);
    for (int64_t member = low; member < high; ++member)
      for (int64_t i = 0; i < end - begin; ++i) out_.rows[member].push_back(first_row + i);
    return segment;
  }

  std::span<const Sequence> sequences_;
  ForestBatch& out_;
};

}  // namespace

std::vector<std::vector<int64_t>> plan_forest_runs(std::span<const Sequence> sequences,
                                                   int64_t batch_tokens) {
  std::vector<int64_t> order(sequences.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return sequences[a] < sequences[b]; });
  std::vector<std::vector<int64_t>> runs;
  int64_t tokens = 0;
  for (int64_t index : order) {
    const int64_t length = static_cast<int64_t>(sequences[index].size());
    const int64_t added =
        runs.empty() ? length : length - common_prefix(sequences[runs.back().back()], sequences[index]);
    if (runs.empty() || tokens + added > batch_tokens) {
      runs.emplace_back();
      tokens = length;
    } else {
      tokens += added;
    }
    runs.back().push_back(index);
  }
  return runs;
}

ForestBatch pack_forest(std::span<const Sequence> sequences, std::span<const int64_t> run) {
  ForestBatch out;
  out.sequences.assign(run.begin(), run.end());
  out.rows.resize(run.size());
  // Trees by first token, so that each is a root of its own.
  ForestBuilder builder(sequences, out);
  const int64_t size = static_cast<int64_t>(run.size());
  for (int64_t low = 0; low < size;) {
    int64_t high = low + 1;
    while (high < size && sequences[run[high]].front() == sequences[run[low]].front()) ++high;
    builder.build(low, high, 0, -1);
    low = high;
  }
  return out;
}

}  // namespace xlt
