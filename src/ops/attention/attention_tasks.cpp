// SPDX-License-Identifier: Apache-2.0
#include "ops/attention/attention_tasks.h"

#include <algorithm>
#include <set>

#include "xlt/base/error.h"

namespace xlt::ops {
namespace {

int32_t narrow(int64_t value) {
  XLT_CHECK(value >= 0 && value <= kMostRows, "an attention plan over ", value, " rows");
  return static_cast<int32_t>(value);
}

int64_t keys_of(const AttentionSegment& segment) {
  int64_t count = 0;
  for (const Span& span : segment.spans) count += span.length;
  return count;
}

// Of its first query. In cross-attention, where it has none, any number of no sign will do.
int64_t position_of(const AttentionSegment& segment) {
  return std::max<int64_t>(keys_of(segment) - segment.query_length, 0);
}

void add_key_tasks(const AttentionPlan& plan, AttentionTasks& tasks) {
  // Between two neighbouring ends of spans, keys are seen by the same segments.
  std::set<int64_t> edges;
  for (const AttentionSegment& segment : plan.segments)
    for (const Span& span : segment.spans) {
      edges.insert(span.begin);
      edges.insert(span.begin + span.length);
    }
  std::vector<std::vector<KeyReader>> readers;
  for (auto edge = edges.begin(); edge != edges.end() && std::next(edge) != edges.end(); ++edge)
    for (int64_t key = *edge; key < *std::next(edge); key += kBackwardKeys) {
      const int64_t count = std::min<int64_t>(kBackwardKeys, *std::next(edge) - key);
      tasks.key_tasks.push_back({narrow(key), narrow(count), 0, 0});
      readers.emplace_back();
    }
  for (const AttentionSegment& segment : plan.segments) {
    const int64_t position = position_of(segment);
    int64_t key_position = 0;
    for (const Span& span : segment.spans) {
      auto task = std::lower_bound(tasks.key_tasks.begin(), tasks.key_tasks.end(), span.begin,
                                   [](const KeyTask& a, int64_t key) { return a.key_begin < key; });
      for (; task != tasks.key_tasks.end() && task->key_begin < span.begin + span.length; ++task)
        readers[task - tasks.key_tasks.begin()].push_back(
            {narrow(segment.query_begin), narrow(segment.query_length), narrow(position),
             narrow(key_position + task->key_begin - span.begin)});
      key_position += span.length;
    }
  }
  for (size_t i = 0; i < readers.size(); ++i) {
    tasks.key_tasks[i].readers_begin = narrow(static_cast<int64_t>(tasks.readers.size()));
    tasks.key_tasks[i].num_readers = narrow(static_cast<int64_t>(readers[i].size()));
    tasks.readers.insert(tasks.readers.end(), readers[i].begin(), readers[i].end());
  }
  std::erase_if(tasks.key_tasks, [](const KeyTask& task) { return task.num_readers == 0; });
}

}  // namespace

AttentionTasks attention_tasks(const AttentionPlan& plan, int64_t queries_per_task, bool backward) {
  AttentionTasks tasks;
  for (const AttentionSegment& segment : plan.segments) {
    const int64_t spans_begin = static_cast<int64_t>(tasks.spans.size()), position = position_of(segment);
    for (const Span& span : segment.spans) tasks.spans.push_back({narrow(span.begin), narrow(span.length)});
    for (int64_t first = 0; first < segment.query_length; first += queries_per_task)
      tasks.query_tasks.push_back({narrow(segment.query_begin + first),
                                   narrow(std::min(queries_per_task, segment.query_length - first)),
                                   narrow(position + first), narrow(spans_begin),
                                   narrow(static_cast<int64_t>(segment.spans.size())),
                                   narrow(keys_of(segment))});
  }
  if (backward) add_key_tasks(plan, tasks);
  return tasks;
}

}  // namespace xlt::ops
