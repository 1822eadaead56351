// SPDX-License-Identifier: Apache-2.0
#include "ops/attention/attention_checks.h"

#include "xlt/base/error.h"

namespace xlt::ops {
namespace {

// Whether queries have positions among their keys: what window, bias and causality go by.
bool needs_own_span(const AttentionOptions& options) {
  return options.is_causal || options.window > 0 || options.bias.is_defined();
}

void check_spans(const AttentionSegment& segment, int64_t num_keys, const AttentionOptions& options) {
  int64_t length = 0;
  for (const Span& span : segment.spans) {
    XLT_CHECK(span.begin >= 0 && span.length >= 0 && span.begin + span.length <= num_keys,
              "the segment at query ", segment.query_begin, " names keys ", span.begin, " + ", span.length,
              "; there are ", num_keys);
    length += span.length;
  }
  if (needs_own_span(options))
    XLT_CHECK(!segment.spans.empty() && segment.spans.back().length == segment.query_length,
              "the segment at query ", segment.query_begin, " must end with a span of its own ",
              segment.query_length, " keys");
  XLT_CHECK(length > 0, "the segment at query ", segment.query_begin, " sees no key");
}

void check_plan(const AttentionPlan& plan, int64_t num_queries, int64_t num_keys,
                const AttentionOptions& options) {
  int64_t covered = 0;
  for (const AttentionSegment& segment : plan.segments) {
    XLT_CHECK(segment.query_begin == covered && segment.query_length > 0, "a segment of ",
              segment.query_length, " queries begins at query ", segment.query_begin,
              "; expected segments in order, without gaps: one at ", covered);
    check_spans(segment, num_keys, options);
    covered += segment.query_length;
  }
  XLT_CHECK(covered == num_queries, "the segments cover ", covered, " of ", num_queries, " queries");
}

void check_bias(const AttentionBias& bias, const at::Tensor& q) {
  for (const at::Tensor* tensor : {&bias.slopes, &bias.by_distance}) {
    if (!tensor->defined()) continue;
    XLT_CHECK(tensor->scalar_type() == at::kFloat && tensor->is_contiguous() &&
                  tensor->device() == q.device() && tensor->size(0) == q.size(1) && !tensor->requires_grad(),
              "a bias is ", tensor->toString(), " ", tensor->sizes(), "; expected dense float32 of ",
              q.size(1), " heads on ", q.device().str(), ", not trained");
  }
  XLT_CHECK(!bias.slopes.defined() || bias.slopes.dim() == 1, "slopes ", bias.slopes.sizes(),
            "; expected [H]");
  XLT_CHECK(!bias.by_distance.defined() || (bias.by_distance.dim() == 2 && bias.by_distance.size(1) % 2 == 1),
            "a bias by distance of ", bias.by_distance.sizes(), "; expected [H, 2·R + 1]");
}

}  // namespace

void check_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const AttentionPlan& plan,
                     const AttentionOptions& options) {
  XLT_CHECK(q.dim() == 3 && k.dim() == 3 && k.sizes() == v.sizes() && q.size(2) == k.size(2) &&
                k.size(1) > 0 && q.size(1) % k.size(1) == 0,
            "q ", q.sizes(), " [N, H, D] does not fit k ", k.sizes(), " and v ", v.sizes(), " [S, K, D]");
  XLT_CHECK(options.window >= 0, "a window of ", options.window);
  check_bias(options.bias, q);
  check_plan(plan, q.size(0), k.size(0), options);
}

void check_trees(const AttentionPlan& plan, int64_t num_keys) {
  const auto& begins = plan.tree_begins;
  XLT_CHECK(plan.segments.empty() || (!begins.empty() && begins.front() == 0),
            "the first tree must begin at segment 0");
  std::vector<size_t> owner(num_keys, begins.size());
  for (size_t tree = 0; tree < begins.size(); ++tree) {
    const auto last =
        tree + 1 < begins.size() ? begins[tree + 1] : static_cast<int64_t>(plan.segments.size());
    XLT_CHECK(begins[tree] < last && last <= static_cast<int64_t>(plan.segments.size()), "tree ", tree,
              " has no segments: trees must begin at ascending segments");
    for (int64_t s = begins[tree]; s < last; ++s)
      for (const Span& span : plan.segments[s].spans)
        for (int64_t row = span.begin; row < span.begin + span.length; ++row) {
          XLT_CHECK(owner[row] == begins.size() || owner[row] == tree, "trees ", owner[row], " and ", tree,
                    " share key row ", row);
          owner[row] = tree;
        }
  }
}

}  // namespace xlt::ops
