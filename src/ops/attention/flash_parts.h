// SPDX-License-Identifier: Apache-2.0
// An attention plan as calls of a kernel that knows only sequences of queries against sequences of keys
// (FlashAttention's variable-length interface). Inside `ops` only.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

#include "xlt/ops/attention/segment_attention.h"

namespace xlt::ops {

// Rows of a tensor, sequence after sequence: [begins[i], begins[i + 1]) of these rows are the i-th
// sequence's.
struct SequenceRows {
  std::vector<int32_t> rows;
  std::vector<int32_t> begins{0};
  int64_t longest = 0;

  void add(const Span& span);  // to the sequence that is open
  void close();
  bool are_consecutive() const;  // each row the one after the row before it
};

// One call: queries of the i-th sequence see the keys of the i-th; all of them, or, where it is causal (and
// both sequences are as long), those up to their own.
struct FlashPart {
  SequenceRows queries, keys;
  bool is_causal = false;
};

// Every query's keys, split over parts: first each segment's own span, causally, with all queries in order;
// then, level by level from the root, the spans of ancestors. They are seen whole: all their keys stand
// before the query. Segments that share an ancestor at a level are one sequence there, so its keys are read
// once for all of their queries. No sequence is empty. `plan` is checked and every segment ends with its own
// span.
std::vector<FlashPart> flash_parts(const AttentionPlan& plan);

// Whether parts give what the options ask: causal attention and nothing else that changes a logit (a window
// that no text of the plan is longer than changes none). And whether they are worth it: few levels, for each
// costs a pass over outputs, and several queries a segment, for a kernel takes the queries of one sequence in
// tiles of 64 or 128 and does the work of a full tile for a single one. A decoding step, one query a segment,
// would besides gather every key that it reads, where our own kernel reads them in place.
bool fits_flash(const AttentionPlan& plan, const AttentionOptions& options);
inline constexpr int64_t kMostFlashLevels = 4, kFewestQueriesASegment = 4;

// Rows of a tensor as a device finds them: consecutive ones by their beginning, others by an index.
struct DeviceRows {
  int64_t begin = 0, length = 0;
  at::Tensor index;   // int32; undefined for consecutive rows
  at::Tensor begins;  // int32 [sequences + 1]
  int64_t longest = 0;

  at::Tensor of(const at::Tensor& x, int64_t dim = 0) const;         // a view where rows are consecutive
  void add_to(const at::Tensor& sum, const at::Tensor& rows) const;  // sum[row] += …, along dimension 0
};
struct DevicePart {
  DeviceRows queries, keys;
  bool is_causal = false;
};
struct DeviceParts {
  std::vector<DevicePart> parts;
};

DeviceParts device_parts(const AttentionPlan& plan, at::Device device);
// Those of the plan's cache: made and uploaded when the first layer asks.
std::shared_ptr<const DeviceParts> device_parts_of(const AttentionPlan& plan, at::Device device);

}  // namespace xlt::ops
