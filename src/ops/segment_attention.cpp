// Checks, dispatch and autograd of segment_attention. SPDX-License-Identifier: Apache-2.0
#include "xlt/ops/segment_attention.h"

#include "ops/dispatch.h"
#include "ops/reference.h"
#include "ops/segment_attention_kernels.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "xlt/base/error.h"

namespace xlt::ops {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

void check_plan(const AttentionPlan& plan, int64_t num_queries, int64_t num_keys) {
  int64_t covered = 0;
  for (const AttentionSegment& segment : plan.segments) {
    XLT_CHECK(segment.query_begin == covered && segment.query_length > 0, "a segment of ",
              segment.query_length, " queries begins at query ", segment.query_begin,
              "; expected segments in order, without gaps: one at ", covered);
    XLT_CHECK(!segment.spans.empty() && segment.spans.back().length == segment.query_length,
              "the segment at query ", covered, " must end with a span of its own ", segment.query_length,
              " keys");
    for (const Span& span : segment.spans)
      XLT_CHECK(span.begin >= 0 && span.length >= 0 && span.begin + span.length <= num_keys,
                "the segment at query ", covered, " names keys ", span.begin, " + ", span.length,
                "; there are ", num_keys);
    covered += segment.query_length;
  }
  XLT_CHECK(covered == num_queries, "the segments cover ", covered, " of ", num_queries, " queries");
}

// Threads add to the key rows of different trees without a lock, so the trees must be what they claim.
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

// The plan rides through autograd in a capsule.
struct PlanHolder : torch::CustomClassHolder {
  PlanHolder(std::shared_ptr<const AttentionPlan> p, const AttentionOptions& o)
      : plan(std::move(p)), options(o) {}
  std::shared_ptr<const AttentionPlan> plan;
  AttentionOptions options;
};

at::Tensor as_float(const at::Tensor& x) { return x.to(at::kFloat).contiguous(); }

// `q` float32, all contiguous. Keys and values keep their type: the kernel widens the rows it reads, which
// of a large cache are few.
AttentionArrays arrays_of(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                          const AttentionOptions& options) {
  return {q.size(0),
          k.size(0),
          q.size(1),
          k.size(1),
          q.size(2),
          q.const_data_ptr<float>(),
          {k.const_data_ptr(), kernel_dtype(k)},
          {v.const_data_ptr(), kernel_dtype(v)},
          nullptr,
          nullptr,
          options};
}

at::Tensor forward_cpu(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                       const AttentionPlan& plan, const AttentionOptions& options, at::Tensor* lse) {
  const at::Tensor qf = as_float(q), kc = k.contiguous(), vc = v.contiguous();
  at::Tensor out = at::empty_like(qf);
  AttentionArrays arrays = arrays_of(qf, kc, vc, options);
  arrays.out = out.mutable_data_ptr<float>();
  if (lse != nullptr) {
    *lse = at::empty({q.size(0), q.size(1)}, qf.options());
    arrays.lse = lse->mutable_data_ptr<float>();
  }
  attention_forward(arrays, plan);
  return out;
}

class SegmentAttentionFunction : public torch::autograd::Function<SegmentAttentionFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& q, const at::Tensor& k,
                            const at::Tensor& v, const std::shared_ptr<const AttentionPlan>& plan,
                            const AttentionOptions& options) {
    check_trees(*plan, k.size(0));
    at::Tensor lse;
    const at::Tensor out = forward_cpu(q, k, v, *plan, options, &lse);
    const at::Tensor rounded = out.to(q.scalar_type());
    // Of a half-precision result the rounded form is kept: the caller holds it anyway, and δ = dout·out needs
    // no more.
    context->save_for_backward({q, k, v, rounded, lse});
    context->saved_data["plan"] = c10::IValue::make_capsule(c10::make_intrusive<PlanHolder>(plan, options));
    return rounded;
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const tensor_list saved = context->get_saved_variables();
    const auto capsule = context->saved_data["plan"].toCapsule();
    const auto& holder = static_cast<const PlanHolder&>(*capsule);
    const at::Tensor q = as_float(saved[0]), k = saved[1].contiguous(), v = saved[2].contiguous(),
                     out = as_float(saved[3]), dout = as_float(gradients[0]);
    at::Tensor lse = saved[4], dq = at::zeros_like(q);
    const int64_t S = k.size(0), K = k.size(1), H = q.size(1), D = q.size(2);
    at::Tensor dk = at::zeros({H, S, D}, q.options()), dv = at::zeros({H, S, D}, q.options());
    AttentionArrays arrays = arrays_of(q, k, v, holder.options);
    arrays.out = const_cast<float*>(out.const_data_ptr<float>());
    arrays.lse = lse.mutable_data_ptr<float>();
    attention_backward(arrays,
                       {dout.const_data_ptr<float>(), dq.mutable_data_ptr<float>(),
                        dk.mutable_data_ptr<float>(), dv.mutable_data_ptr<float>()},
                       *holder.plan);
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
                k.size(1) > 0 && q.size(1) % k.size(1) == 0,
            "q ", q.sizes(), " [N, H, D] does not fit k ", k.sizes(), " and v ", v.sizes(), " [S, K, D]");
  XLT_CHECK(plan != nullptr && options.window >= 0, "no plan, or a window of ", options.window);
  check_plan(*plan, q.size(0), k.size(0));
  if (!q.device().is_cpu() || q.scalar_type() == at::kDouble)
    return reference::segment_attention(q, k, v, *plan, options);
  if (at::GradMode::is_enabled() && (q.requires_grad() || k.requires_grad() || v.requires_grad()))
    return SegmentAttentionFunction::apply(q, k, v, plan, options);
  return forward_cpu(q, k, v, *plan, options, nullptr).to(q.scalar_type());
}

}  // namespace xlt::ops
