// SPDX-License-Identifier: Apache-2.0
// Lays segments end to end and derives what attention needs.
#include "xlt/nn/token_batch.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "xlt/base/error.h"
#include "xlt/base/rng.h"
#include "xlt/ops/to_device.h"

namespace xlt {

namespace {

int64_t total_length(const std::vector<ops::Span>& spans) {
  int64_t length = 0;
  for (const ops::Span& span : spans) length += span.length;
  return length;
}

int64_t root_of(const std::vector<Segment>& segments, int64_t segment) {
  while (segments[segment].parent >= 0) segment = segments[segment].parent;
  return segment;
}

// The key rows of a segment with its ancestors and what is cached before them, in order of position.
std::vector<ops::Span> path_of(const std::vector<Segment>& segments, int64_t last) {
  std::vector<ops::Span> spans;
  for (int64_t s = last; s >= 0; s = segments[s].parent)
    spans.push_back({segments[s].slot >= 0 ? segments[s].slot : segments[s].begin, segments[s].length});
  const auto& cached = segments[root_of(segments, last)].cached;
  spans.insert(spans.end(), cached.rbegin(), cached.rend());
  std::reverse(spans.begin(), spans.end());
  return spans;
}

}  // namespace

int64_t TokenBatch::add(std::span<const int64_t> ids, int64_t parent) {
  XLT_CHECK(!ids.empty(), "a segment needs at least one token");
  XLT_CHECK(parent >= -1 && parent < static_cast<int64_t>(segments_.size()), "parent ", parent,
            " was not added yet");
  Segment segment{.begin = num_tokens(), .length = static_cast<int64_t>(ids.size()), .parent = parent};
  if (parent >= 0) segment.position = segments_[parent].position + segments_[parent].length;
  for (int64_t i = 0; i < segment.length; ++i) position_ids_.push_back(segment.position + i);
  input_ids_.insert(input_ids_.end(), ids.begin(), ids.end());
  segment.name = segments_.size();
  segments_.push_back(std::move(segment));
  return static_cast<int64_t>(segments_.size()) - 1;
}

int64_t TokenBatch::add_cached(std::span<const int64_t> ids, std::vector<ops::Span> cached, int64_t slot) {
  XLT_CHECK(!ids.empty() && slot >= 0, "a cached segment needs tokens and a slot");
  Segment segment{
      .begin = num_tokens(), .length = static_cast<int64_t>(ids.size()), .position = total_length(cached)};
  segment.cached = std::move(cached);
  segment.slot = slot;
  for (int64_t i = 0; i < segment.length; ++i) position_ids_.push_back(segment.position + i);
  input_ids_.insert(input_ids_.end(), ids.begin(), ids.end());
  segment.name = segments_.size();
  segments_.push_back(std::move(segment));
  return static_cast<int64_t>(segments_.size()) - 1;
}

std::optional<DropoutKeys> TokenBatch::dropout_keys(at::Device device) const {
  if (!dropout_) return std::nullopt;
  std::vector<int64_t> rows;
  rows.reserve(input_ids_.size());
  for (const Segment& segment : segments_) {
    // Hashed, so that places of one segment and names of others do not meet.
    const uint64_t first = Rng(segment.name).fork("dropout").key();
    for (int64_t i = 0; i < segment.length; ++i)
      rows.push_back(static_cast<int64_t>(first + static_cast<uint64_t>(i)));
  }
  return DropoutKeys{*dropout_, ops::to_device(rows, device)};
}

std::vector<int64_t> TokenBatch::cache_slots() const {
  std::vector<int64_t> slots(input_ids_.size());
  for (const Segment& segment : segments_) {
    XLT_CHECK(segment.slot >= 0, "the segment at token ", segment.begin, " has no cache slot");
    std::iota(slots.begin() + segment.begin, slots.begin() + segment.begin + segment.length, segment.slot);
  }
  return slots;
}

std::shared_ptr<const ops::AttentionPlan> TokenBatch::attention_plan() const {
  auto plan = std::make_shared<ops::AttentionPlan>();
  plan->segments.reserve(segments_.size());
  bool trees_are_contiguous = true;
  std::vector<int64_t> root(segments_.size());
  for (size_t s = 0; s < segments_.size(); ++s) {
    const Segment& segment = segments_[s];
    root[s] = segment.parent < 0 ? static_cast<int64_t>(s) : root[segment.parent];
    if (segment.parent < 0) plan->tree_begins.push_back(static_cast<int64_t>(s));
    if (root[s] != plan->tree_begins.back()) trees_are_contiguous = false;
    plan->segments.push_back({segment.begin, segment.length, path_of(segments_, static_cast<int64_t>(s))});
  }
  // Interleaved trees cannot be told apart by a first index: treated as one.
  if (!trees_are_contiguous) plan->tree_begins = {0};
  return plan;
}

std::shared_ptr<const ops::AttentionPlan> cross_attention_plan(const TokenBatch& queries,
                                                               const TokenBatch& keys,
                                                               std::span<const int64_t> texts) {
  const auto &asking = queries.segments(), &read = keys.segments();
  auto plan = std::make_shared<ops::AttentionPlan>();
  std::vector<size_t> tree(asking.size());
  std::set<int64_t> roots;  // of `keys`, that a tree of the plan reads
  int64_t newest_root = -1;
  size_t num_trees = 0;
  bool trees_are_apart = true;
  for (size_t s = 0; s < asking.size(); ++s) {
    const bool begins = asking[s].parent < 0;
    tree[s] = begins ? num_trees++ : tree[asking[s].parent];
    XLT_CHECK(tree[s] < texts.size(), "tree ", tree[s], " of a batch reads one of ", texts.size(), " texts");
    const int64_t text = texts[tree[s]];
    XLT_CHECK(text >= 0 && text < static_cast<int64_t>(read.size()), "text ", text, " of ", read.size());
    plan->segments.push_back({asking[s].begin, asking[s].length, path_of(read, text)});
    const int64_t root = root_of(read, text);
    if (root == newest_root) continue;
    newest_root = root;
    plan->tree_begins.push_back(static_cast<int64_t>(s));
    if (!roots.insert(root).second) trees_are_apart = false;
  }
  if (!trees_are_apart) plan->tree_begins = {0};
  return plan;
}

}  // namespace xlt
