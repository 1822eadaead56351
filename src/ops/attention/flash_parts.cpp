// SPDX-License-Identifier: Apache-2.0
#include "ops/attention/flash_parts.h"

#include "ops/attention/device_tasks.h"

#include <algorithm>
#include <map>
#include <utility>

#include <ATen/ops/index_select.h>

#include "xlt/base/error.h"

namespace xlt::ops {
namespace {

// The ancestors' spans that hold keys.
std::vector<Span> ancestors_of(const AttentionSegment& segment) {
  std::vector<Span> spans(segment.spans.begin(), std::prev(segment.spans.end()));
  std::erase_if(spans, [](const Span& span) { return span.length == 0; });
  return spans;
}

FlashPart own_part(const AttentionPlan& plan) {
  FlashPart part;
  part.is_causal = true;
  for (const AttentionSegment& segment : plan.segments) {
    part.queries.add({segment.query_begin, segment.query_length});
    part.keys.add(segment.spans.back());
    part.queries.close();
    part.keys.close();
  }
  return part;
}

FlashPart part_of_level(const AttentionPlan& plan, size_t level) {
  std::vector<std::pair<Span, std::vector<Span>>> readers;  // of each span, in the order of first readers
  std::map<std::pair<int64_t, int64_t>, size_t> place;
  for (const AttentionSegment& segment : plan.segments) {
    const std::vector<Span> ancestors = ancestors_of(segment);
    if (level >= ancestors.size()) continue;
    const Span& span = ancestors[level];
    const auto [found, is_new] = place.try_emplace({span.begin, span.length}, readers.size());
    if (is_new) readers.push_back({span, {}});
    readers[found->second].second.push_back({segment.query_begin, segment.query_length});
  }
  FlashPart part;
  for (const auto& [span, runs] : readers) {
    for (const Span& run : runs) part.queries.add(run);
    part.keys.add(span);
    part.queries.close();
    part.keys.close();
  }
  return part;
}

// Appends to `all`; slices are cut once it is a tensor.
struct Slice {
  int64_t begin, length;
  at::Tensor of(const at::Tensor& all) const { return all.narrow(0, begin, length); }
};
Slice append(std::vector<int32_t>& all, const std::vector<int32_t>& numbers) {
  const Slice slice{static_cast<int64_t>(all.size()), static_cast<int64_t>(numbers.size())};
  all.insert(all.end(), numbers.begin(), numbers.end());
  return slice;
}

}  // namespace

void SequenceRows::add(const Span& span) {
  constexpr int64_t kMostRows = int64_t{1} << 30;
  XLT_CHECK(span.begin + span.length <= kMostRows, "an attention plan over more than ", kMostRows, " rows");
  for (int64_t i = 0; i < span.length; ++i) rows.push_back(static_cast<int32_t>(span.begin + i));
}

void SequenceRows::close() {
  const auto end = static_cast<int32_t>(rows.size());
  longest = std::max<int64_t>(longest, end - begins.back());
  begins.push_back(end);
}

bool SequenceRows::are_consecutive() const {
  return std::adjacent_find(rows.begin(), rows.end(), [](int32_t a, int32_t b) { return b != a + 1; }) ==
         rows.end();
}

std::vector<FlashPart> flash_parts(const AttentionPlan& plan) {
  size_t levels = 0;
  for (const AttentionSegment& segment : plan.segments)
    levels = std::max(levels, ancestors_of(segment).size());
  std::vector<FlashPart> parts{own_part(plan)};
  for (size_t level = 0; level < levels; ++level) parts.push_back(part_of_level(plan, level));
  return parts;
}

bool fits_flash(const AttentionPlan& plan, const AttentionOptions& options) {
  if (!options.is_causal || options.softcap > 0 || options.bias.is_defined() || plan.segments.empty())
    return false;
  int64_t levels = 0, longest = 0, num_queries = 0;
  for (const AttentionSegment& segment : plan.segments) {
    int64_t length = 0, own_levels = -1;
    for (const Span& span : segment.spans) {
      length += span.length;
      own_levels += span.length > 0;
    }
    levels = std::max(levels, own_levels);
    longest = std::max(longest, length);
    num_queries += segment.query_length;
  }
  if (options.window > 0 && options.window < longest) return false;
  return levels <= kMostFlashLevels &&
         num_queries >= kFewestQueriesASegment * static_cast<int64_t>(plan.segments.size());
}

at::Tensor DeviceRows::of(const at::Tensor& x, int64_t dim) const {
  return index.defined() ? x.index_select(dim, index) : x.narrow(dim, begin, length);
}

void DeviceRows::add_to(const at::Tensor& sum, const at::Tensor& rows) const {
  if (index.defined())
    sum.index_add_(0, index, rows.to(sum.scalar_type()));
  else
    sum.narrow(0, begin, length).add_(rows);
}

DeviceParts device_parts(const AttentionPlan& plan, at::Device device) {
  // One copy for all: each waits for the device.
  std::vector<int32_t> all;
  std::vector<std::pair<at::Tensor*, Slice>> slices;
  DeviceParts made;
  const std::vector<FlashPart> parts = flash_parts(plan);
  made.parts.resize(parts.size());
  const auto place = [&](const SequenceRows& from, DeviceRows& to) {
    to.begin = from.rows.front();
    to.length = static_cast<int64_t>(from.rows.size());
    to.longest = from.longest;
    slices.emplace_back(&to.begins, append(all, from.begins));
    if (!from.are_consecutive()) slices.emplace_back(&to.index, append(all, from.rows));
  };
  for (size_t i = 0; i < parts.size(); ++i) {
    made.parts[i].is_causal = parts[i].is_causal;
    place(parts[i].queries, made.parts[i].queries);
    place(parts[i].keys, made.parts[i].keys);
  }
  const at::Tensor array = upload(all, device);
  for (const auto& [tensor, slice] : slices) *tensor = slice.of(array);
  return made;
}

std::shared_ptr<const DeviceParts> device_parts_of(const AttentionPlan& plan, at::Device device) {
  return plan.cache.get<DeviceParts>(device, 0, [&] { return device_parts(plan, device); });
}

}  // namespace xlt::ops
