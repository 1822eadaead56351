// SPDX-License-Identifier: Apache-2.0
// Checks, dispatch and autograd of segment_attention.
#include "xlt/ops/attention/segment_attention.h"

#include "ops/attention/attention_checks.h"
#include "ops/attention/device_tasks.h"
#include "ops/attention/flash_attention.h"
#include "ops/attention/segment_attention_kernels.h"
#include "ops/dispatch.h"
#include "ops/reference.h"

#include <algorithm>
#include <limits>

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

// The plan rides through autograd in a capsule.
struct PlanHolder : torch::CustomClassHolder {
  PlanHolder(std::shared_ptr<const AttentionPlan> p, const AttentionOptions& o, bool flash)
      : plan(std::move(p)), options(o), on_flash(flash) {}
  std::shared_ptr<const AttentionPlan> plan;
  AttentionOptions options;
  bool on_flash;  // which kernels ran forward: they lay lse out differently
};

at::Tensor as_float(const at::Tensor& x) { return x.to(at::kFloat).contiguous(); }

BiasArrays bias_arrays_of(const AttentionBias& bias) {
  BiasArrays arrays;
  if (bias.slopes.defined()) arrays.slopes = bias.slopes.const_data_ptr<float>();
  if (!bias.by_distance.defined()) return arrays;
  arrays.by_distance = bias.by_distance.const_data_ptr<float>();
  arrays.reach = static_cast<int32_t>(bias.by_distance.size(1) / 2);
  return arrays;
}

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
          options,
          bias_arrays_of(options.bias)};
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

// `q` float32, all contiguous.
DeviceAttention device_arrays_of(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                 const AttentionOptions& options) {
  XLT_CHECK(k.scalar_type() == v.scalar_type(), "keys are ", k.toString(), ", values ", v.toString());
  DeviceAttention args;
  args.dtype = kernel_dtype(k);
  args.num_keys = static_cast<int32_t>(k.size(0));
  args.num_heads = static_cast<int32_t>(q.size(1));
  args.num_key_heads = static_cast<int32_t>(k.size(1));
  args.head_dim = static_cast<int32_t>(q.size(2));
  args.q = q.const_data_ptr<float>();
  args.k = k.const_data_ptr();
  args.v = v.const_data_ptr();
  args.scale = static_cast<float>(options.scale);
  args.softcap = static_cast<float>(options.softcap);
  args.window = static_cast<int32_t>(std::min<int64_t>(options.window, kMostRows));
  args.is_causal = options.is_causal;
  args.bias = bias_arrays_of(options.bias);
  return args;
}

at::Tensor forward_cuda(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                        const AttentionPlan& plan, const AttentionOptions& options, at::Tensor* lse) {
  const at::Tensor qf = as_float(q), kc = k.contiguous(), vc = v.contiguous();
  at::Tensor out = at::empty_like(qf);
  const auto tasks = device_tasks_of(plan, /*backward=*/false, q.device());
  DeviceAttention args = device_arrays_of(qf, kc, vc, options);
  tasks->name_in(args);
  args.out = out.mutable_data_ptr<float>();
  if (lse != nullptr) {
    *lse = at::empty({q.size(0), q.size(1)}, qf.options());
    args.lse = lse->mutable_data_ptr<float>();
  }
  XLT_DISPATCH_CUDA(q.device(), attention_forward, args);
  return out;
}

FlashResult forward_flash(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                          const AttentionPlan& plan, const AttentionOptions& options) {
  return flash_forward(flash_kernels(), q.contiguous(), k.contiguous(), v.contiguous(),
                       *device_parts_of(plan, q.device()), options.scale);
}

at::Tensor forward_any(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                       const AttentionPlan& plan, const AttentionOptions& options, at::Tensor* lse) {
  if (runs_on_flash(q, k, v, plan, options)) {
    const FlashResult result = forward_flash(q, k, v, plan, options);
    if (lse != nullptr) *lse = result.lse;
    return result.out;
  }
  return runs_cpu_kernels(q.device()) ? forward_cpu(q, k, v, plan, options, lse)
                                      : forward_cuda(q, k, v, plan, options, lse);
}

// What backward works on and fills: dk and dv [H, S, D], one plane a query head.
struct BackwardTensors {
  at::Tensor q, k, v, out, lse, dout, dq, dk, dv;
};

void backward_cpu(const BackwardTensors& t, const AttentionPlan& plan, const AttentionOptions& options) {
  AttentionArrays arrays = arrays_of(t.q, t.k, t.v, options);
  arrays.out = const_cast<float*>(t.out.const_data_ptr<float>());
  arrays.lse = const_cast<float*>(t.lse.const_data_ptr<float>());
  attention_backward(arrays,
                     {t.dout.const_data_ptr<float>(), t.dq.mutable_data_ptr<float>(),
                      t.dk.mutable_data_ptr<float>(), t.dv.mutable_data_ptr<float>()},
                     plan);
}

void backward_cuda(const BackwardTensors& t, const AttentionPlan& plan, const AttentionOptions& options) {
  const auto tasks = device_tasks_of(plan, /*backward=*/true, t.q.device());
  DeviceAttention args = device_arrays_of(t.q, t.k, t.v, options);
  tasks->name_in(args);
  args.out = const_cast<float*>(t.out.const_data_ptr<float>());
  args.lse = const_cast<float*>(t.lse.const_data_ptr<float>());
  DeviceAttentionGradients gradients{t.dout.const_data_ptr<float>(), t.dq.mutable_data_ptr<float>(),
                                     t.dk.mutable_data_ptr<float>(), t.dv.mutable_data_ptr<float>()};
  tasks->name_in(gradients);
  XLT_DISPATCH_CUDA(t.q.device(), attention_backward, args, gradients);
}

tensor_list backward_flash(const tensor_list& saved, const at::Tensor& dout, const PlanHolder& holder) {
  const at::Tensor &q = saved[0], &out = saved[3], &lse = saved[4];
  const FlashGradients gradients = flash_backward(
      flash_kernels(), dout.to(q.scalar_type()).contiguous(), q.contiguous(), saved[1].contiguous(),
      saved[2].contiguous(), {out, lse}, *device_parts_of(*holder.plan, q.device()), holder.options.scale);
  return {gradients.dq, gradients.dk, gradients.dv, at::Tensor(), at::Tensor()};
}

class SegmentAttentionFunction : public torch::autograd::Function<SegmentAttentionFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& q, const at::Tensor& k,
                            const at::Tensor& v, const std::shared_ptr<const AttentionPlan>& plan,
                            const AttentionOptions& options) {
    check_trees(*plan, k.size(0));
    at::Tensor lse;
    const at::Tensor out = forward_any(q, k, v, *plan, options, &lse);
    const at::Tensor rounded = out.to(q.scalar_type());
    // Of a half-precision result the rounded form is kept: the caller holds it anyway, and δ = dout·out needs
    // no more.
    context->save_for_backward({q, k, v, rounded, lse});
    context->saved_data["plan"] = c10::IValue::make_capsule(
        c10::make_intrusive<PlanHolder>(plan, options, runs_on_flash(q, k, v, *plan, options)));
    return rounded;
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const tensor_list saved = context->get_saved_variables();
    const auto capsule = context->saved_data["plan"].toCapsule();
    const auto& holder = static_cast<const PlanHolder&>(*capsule);
    if (holder.on_flash) return backward_flash(saved, gradients[0], holder);
    const int64_t S = saved[1].size(0), K = saved[1].size(1), H = saved[0].size(1), D = saved[0].size(2);
    const at::Tensor q = as_float(saved[0]);
    const BackwardTensors tensors{q,
                                  saved[1].contiguous(),
                                  saved[2].contiguous(),
                                  as_float(saved[3]),
                                  saved[4],
                                  as_float(gradients[0]),
                                  at::zeros_like(q),
                                  at::zeros({H, S, D}, q.options()),
                                  at::zeros({H, S, D}, q.options())};
    if (runs_cpu_kernels(q.device()))
      backward_cpu(tensors, *holder.plan, holder.options);
    else
      backward_cuda(tensors, *holder.plan, holder.options);
    // [H, S, D] → [S, K, D]: a key head's gradient is the sum over its group of query heads.
    const auto grouped = [&](const at::Tensor& planes, const at::Tensor& like) {
      return planes.view({K, H / K, S, D}).sum(1).transpose(0, 1).contiguous().to(like.scalar_type());
    };
    return {tensors.dq.to(saved[0].scalar_type()), grouped(tensors.dk, saved[1]),
            grouped(tensors.dv, saved[2]), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor segment_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                             std::shared_ptr<const AttentionPlan> plan, const AttentionOptions& options) {
  XLT_CHECK(plan != nullptr, "attention without a plan");
  check_attention(q, k, v, *plan, options);
  if (q.scalar_type() == at::kDouble || (!runs_cpu_kernels(q.device()) && q.size(2) > kMaxHeadDim))
    return reference::segment_attention(q, k, v, *plan, options);
  if (at::GradMode::is_enabled() && (q.requires_grad() || k.requires_grad() || v.requires_grad()))
    return SegmentAttentionFunction::apply(q, k, v, plan, options);
  return forward_any(q, k, v, *plan, options, nullptr).to(q.scalar_type());
}

}  // namespace xlt::ops
