// SPDX-License-Identifier: Apache-2.0
// segment_attention in plain ATen: a dense [N, S] mask.
#include "ops/reference.h"

#include <limits>

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/repeat_interleave.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tanh.h>

namespace xlt::reference {

namespace {

// 0 where a query sees a key, −∞ elsewhere.
at::Tensor mask_of(const ops::AttentionPlan& plan, int64_t num_queries, int64_t num_keys, int64_t window,
                   const at::TensorOptions& options) {
  at::Tensor mask = at::full({num_queries, num_keys}, -std::numeric_limits<double>::infinity(),
                             options.device(at::kCPU).dtype(at::kDouble));
  double* cells = mask.mutable_data_ptr<double>();
  for (const ops::AttentionSegment& segment : plan.segments) {
    int64_t before = -segment.query_length;
    for (const ops::Span& span : segment.spans) before += span.length;
    for (int64_t i = 0; i < segment.query_length; ++i) {
      const int64_t query_position = before + i;
      int64_t position = 0;
      for (const ops::Span& span : segment.spans)
        for (int64_t j = 0; j < span.length; ++j, ++position)
          if (position <= query_position && (window == 0 || position > query_position - window))
            cells[(segment.query_begin + i) * num_keys + span.begin + j] = 0;
    }
  }
  return mask.to(options);
}

}  // namespace

at::Tensor segment_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                             const ops::AttentionPlan& plan, const ops::AttentionOptions& options) {
  const at::ScalarType wide = q.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const int64_t group = q.size(1) / k.size(1);
  const at::Tensor queries = q.to(wide).transpose(0, 1);                           // [H, N, D]
  const at::Tensor keys = k.to(wide).transpose(0, 1).repeat_interleave(group, 0);  // [H, S, D]
  const at::Tensor values = v.to(wide).transpose(0, 1).repeat_interleave(group, 0);
  at::Tensor logits = at::matmul(queries, keys.transpose(1, 2)) * options.scale;  // [H, N, S]
  if (options.softcap > 0) logits = at::tanh(logits / options.softcap) * options.softcap;
  logits =
      logits + mask_of(plan, q.size(0), k.size(0), options.window, logits.options().requires_grad(false));
  return at::matmul(at::softmax(logits, -1), values).transpose(0, 1).contiguous().to(q.scalar_type());
}

}  // namespace xlt::reference
