// SPDX-License-Identifier: Apache-2.0
// segment_attention in plain ATen: a dense [H, N, S] mask with the bias in it.
#include "ops/reference.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/repeat_interleave.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tanh.h>

namespace xlt::reference {

namespace {

bool sees(int64_t query_position, int64_t position, const ops::AttentionOptions& options) {
  const int64_t window = options.window;
  if (options.is_causal && position > query_position) return false;
  if (window == 0) return true;
  return position > query_position - window && position < query_position + window;
}

// What is added to the logits [H, N, S]: a bias where a query sees a key, −∞ elsewhere.
at::Tensor terms_of(const ops::AttentionPlan& plan, int64_t num_heads, int64_t num_queries, int64_t num_keys,
                    const ops::AttentionOptions& options, const at::TensorOptions& like) {
  at::Tensor terms = at::full({num_heads, num_queries, num_keys}, -std::numeric_limits<double>::infinity(),
                              at::TensorOptions().dtype(at::kDouble));
  auto cells = terms.accessor<double, 3>();
  const at::Tensor slopes = options.bias.slopes.defined() ? options.bias.slopes.cpu() : at::Tensor();
  const at::Tensor table = options.bias.by_distance.defined() ? options.bias.by_distance.cpu() : at::Tensor();
  const auto bias = [&](int64_t head, int64_t distance) {
    double sum = 0;
    if (slopes.defined())
      sum -= slopes.const_data_ptr<float>()[head] * std::abs(static_cast<double>(distance));
    if (!table.defined()) return sum;
    const int64_t reach = table.size(1) / 2;
    return sum +
           table.const_data_ptr<float>()[head * table.size(1) + reach + std::clamp(distance, -reach, reach)];
  };
  for (const ops::AttentionSegment& segment : plan.segments) {
    int64_t before = -segment.query_length;
    for (const ops::Span& span : segment.spans) before += span.length;
    for (int64_t i = 0; i < segment.query_length; ++i) {
      int64_t position = 0;
      for (const ops::Span& span : segment.spans)
        for (int64_t j = 0; j < span.length; ++j, ++position)
          if (sees(before + i, position, options))
            for (int64_t head = 0; head < num_heads; ++head)
              cells[head][segment.query_begin + i][span.begin + j] = bias(head, position - before - i);
    }
  }
  return terms.to(like);
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
  logits = logits +
           terms_of(plan, q.size(1), q.size(0), k.size(0), options, logits.options().requires_grad(false));
  return at::matmul(at::softmax(logits, -1), values).transpose(0, 1).contiguous().to(q.scalar_type());
}

}  // namespace xlt::reference
