// Checks, dispatch and autograd of segment_attention. SPDX-License-Identifier: Apache-2.0
#include "xlt/ops/segment_attention.h"

#include "ops/reference.h"
#include "ops/segment_attention_kernels.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "xlt/base/error.h"

namespace xlt::ops {

AttentionRows unroll(const AttentionPlan& plan, int64_t num_queries, int64_t num_keys, int64_t window) {
  AttentionRows rows;
  int64_t covered = 0;
  for (const AttentionSegment& segment : plan.segments) {
    XLT_CHECK(segment.query_begin == covered, "segments must cover the queries in order; expected one at ",
              covered);
    XLT_CHECK(!segment.spans.empty() && segment.spans.back().length == segment.query_length,
              "a segment's last span is its own");
    covered += segment.query_length;
    const auto base = static_cast<int64_t>(rows.key_rows.size());
    for (const Span& span : segment.spans) {
      XLT_CHECK(span.begin >= 0 && span.length >= 0 && span.begin + span.length <= num_keys, "span ",
                span.begin, " + ", span.length, " of ", num_keys);
      for (int64_t i = 0; i < span.length; ++i) rows.key_rows.push_back(span.begin + i);
    }
    const int64_t before = static_cast<int64_t>(rows.key_rows.size()) - base - segment.query_length;
    for (int64_t i = 0; i < segment.query_length; ++i) {
      const int64_t visible = before + i + 1;
      const int64_t skipped = window > 0 ? std::max<int64_t>(0, visible - window) : 0;
      rows.first.push_back(base + skipped);
      rows.count.push_back(visible - skipped);
    }
  }
  XLT_CHECK(covered == num_queries, "segments cover ", covered, " of ", num_queries, " queries");
  return rows;
}

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

// The plan rides through autograd in a capsule.
struct PlanHolder : torch::CustomClassHolder {
  PlanHolder(std::shared_ptr<const AttentionPlan> p, const AttentionOptions& o)
      : plan(std::move(p)), options(o) {}
  std::shared_ptr<const AttentionPlan> plan;
  AttentionOptions options;
};

at::Tensor as_float(const at::Tensor& x) { return x.to(at::kFloat).contiguous(); }

AttentionArrays arrays_of(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, at::Tensor& out,
                          at::Tensor& lse, const AttentionOptions& options) {
  return {q.size(0),
          q.size(1),
          k.size(1),
          q.size(2),
          q.const_data_ptr<float>(),
          k.const_data_ptr<float>(),
          v.const_data_ptr<float>(),
          out.mutable_data_ptr<float>(),
          lse.defined() ? lse.mutable_data_ptr<float>() : nullptr,
          options.scale,
          options.softcap};
}

class SegmentAttentionFunction : public torch::autograd::Function<SegmentAttentionFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& q, const at::Tensor& k,
                            const at::Tensor& v, const std::shared_ptr<const AttentionPlan>& plan,
                            const AttentionOptions& options) {
    const at::Tensor qf = as_float(q), kf = as_float(k), vf = as_float(v);
    at::Tensor out = at::empty_like(qf), lse = at::empty({q.size(0), q.size(1)}, qf.options());
    attention_forward(arrays_of(qf, kf, vf, out, lse, options),
                      unroll(*plan, q.size(0), k.size(0), options.window));
    context->save_for_backward({q, k, v, out, lse});
    context->saved_data["plan"] = c10::IValue::make_capsule(c10::make_intrusive<PlanHolder>(plan, options));
    return out.to(q.scalar_type());
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const tensor_list saved = context->get_saved_variables();
    const auto held = context->saved_data["plan"].toCapsule();
    const auto& holder = static_cast<const PlanHolder&>(*held);
    const at::Tensor qf = as_float(saved[0]), kf = as_float(saved[1]), vf = as_float(saved[2]),
                     dout = as_float(gradients[0]);
    at::Tensor out = saved[3], lse = saved[4];
    const int64_t N = qf.size(0), H = qf.size(1), D = qf.size(2), S = kf.size(0), K = kf.size(1);
    at::Tensor dq = at::zeros_like(qf), dk = at::zeros({H, S, D}, qf.options()),
               dv = at::zeros({H, S, D}, qf.options());
    std::vector<int64_t> tree_query_begins;
    for (int64_t first : holder.plan->tree_begins)
      tree_query_begins.push_back(holder.plan->segments[first].query_begin);
    attention_backward(arrays_of(qf, kf, vf, out, lse, holder.options),
                       {dout.const_data_ptr<float>(), dq.mutable_data_ptr<float>(),
                        dk.mutable_data_ptr<float>(), dv.mutable_data_ptr<float>(), S},
                       unroll(*holder.plan, N, S, holder.options.window), tree_query_begins);
    // [H, S, D] → [S, K, D]: a key head's gradient is the sum over its group of query heads.
    const auto grouped = [&](const at::Tensor& planes, const at::Tensor& like) {
      return planes.view({K, H / K, S, D}).sum(1).transpose(0, 1).contiguous().to(like.scalar_type());
    };
    return {dq.to(saved[0].scalar_type()), grouped(dk, saved[1]), grouped(dv, saved[2]), at::Tensor(),
            at::Tensor()};
  }
};

}  // namespace

at::Tensor segment_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                             std::shared_ptr<const AttentionPlan> plan, const AttentionOptions& options) {
  XLT_CHECK(q.dim() == 3 && k.dim() == 3 && k.sizes() == v.sizes() && q.size(2) == k.size(2) &&
                q.size(1) % k.size(1) == 0,
            "q ", q.sizes(), ", k ", k.sizes(), ", v ", v.sizes());
  if (!q.device().is_cpu() || q.scalar_type() == at::kDouble)
    return reference::segment_attention(q, k, v, *plan, options);
  if (at::GradMode::is_enabled() && (q.requires_grad() || k.requires_grad() || v.requires_grad()))
    return SegmentAttentionFunction::apply(q, k, v, plan, options);
  const at::Tensor qf = as_float(q), kf = as_float(k), vf = as_float(v);
  at::Tensor out = at::empty_like(qf), no_lse;
  attention_forward(arrays_of(qf, kf, vf, out, no_lse, options),
                    unroll(*plan, q.size(0), k.size(0), options.window));
  return out.to(q.scalar_type());
}

}  // namespace xlt::ops
