// SPDX-License-Identifier: Apache-2.0
// An attention plan cut into tasks for blocks of CUDA threads. Inside `ops` only.
#pragma once

#include "ops/attention/segment_attention_device.h"

#include <vector>

#include "xlt/ops/attention/segment_attention.h"

namespace xlt::ops {

struct AttentionTasks {
  std::vector<KeySpan> spans;
  std::vector<QueryTask> query_tasks;
  // Of the backward pass: every key that a span names, once.
  std::vector<KeyTask> key_tasks;
  std::vector<KeyReader> readers;
};

// `plan` has been checked. Throws kInternal for plans over more than kMostRows rows.
AttentionTasks attention_tasks(const AttentionPlan& plan, int64_t queries_per_task, bool backward);

}  // namespace xlt::ops
