// SPDX-License-Identifier: Apache-2.0
// Checks, dispatch and autograd of segment_attention.
#include "xlt/ops/attention/segment_attention.h"

#include "ops/attention/attention_checks.h"
#include "ops/attention/attention_tasks.h"
#include "ops/attention/segment_attention_kernels.h"
#include "ops/dispatch.h"
#include "ops/reference.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/from_blob.h>
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
  PlanHolder(std::shared_ptr<const AttentionPlan> p, const AttentionOptions& o)
      : plan(std::move(p)), options(o) {}
  std::shared_ptr<const AttentionPlan> plan;
  AttentionOptions options;
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

// Parts of one device array of int32.
class DeviceTasks {
 public:
  DeviceTasks(const AttentionPlan& plan, int64_t queries_per_task, bool backward, at::Device device)
      : host_(attention_tasks(plan, queries_per_task, backward)) {
    const std::vector<int32_t> all = joined();
    // `all` is pageable memory, read by the time the copy returns (see ops/to_device.h).
    array_ = at::from_blob(const_cast<int32_t*>(all.data()), {static_cast<int64_t>(all.size())}, at::kInt)
                 .to(device, at::kInt, /*non_blocking=*/true, /*copy=*/true);
  }
  void name_in(DeviceAttention& args) const {
    args.spans = reinterpret_cast<const KeySpan*>(part(0));
    args.tasks = reinterpret_cast<const QueryTask*>(part(1));
    args.num_tasks = static_cast<int32_t>(host_.query_tasks.size());
  }
  void name_in(DeviceAttentionGradients& args) const {
    args.key_tasks = reinterpret_cast<const KeyTask*>(part(2));
    args.num_key_tasks = static_cast<int32_t>(host_.key_tasks.size());
    args.readers = reinterpret_cast<const KeyReader*>(part(3));
  }

 private:
  std::vector<int32_t> joined() {
    std::vector<int32_t> all;
    const auto append = [&](const auto& items) {
      begins_.push_back(static_cast<int64_t>(all.size()));
      if (items.empty()) return;
      all.resize(all.size() + items.size() * sizeof(items[0]) / sizeof(int32_t));
      std::memcpy(all.data() + begins_.back(), items.data(), items.size() * sizeof(items[0]));
    };
    append(host_.spans);
    append(host_.query_tasks);
    append(host_.key_tasks);
    append(host_.readers);
    return all;
  }
  const int32_t* part(size_t i) const { return array_.const_data_ptr<int32_t>() + begins_[i]; }

  AttentionTasks host_;
  std::vector<int64_t> begins_;
  at::Tensor array_;
};

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
  const DeviceTasks tasks(plan, kForwardQueries, /*backward=*/false, q.device());
  DeviceAttention args = device_arrays_of(qf, kc, vc, options);
  tasks.name_in(args);
  args.out = out.mutable_data_ptr<float>();
  if (lse != nullptr) {
    *lse = at::empty({q.size(0), q.size(1)}, qf.options());
    args.lse = lse->mutable_data_ptr<float>();
  }
  XLT_DISPATCH_CUDA(q.device(), attention_forward, args);
  return out;
}

at::Tensor forward_any(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                       const AttentionPlan& plan, const AttentionOptions& options, at::Tensor* lse) {
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
  const DeviceTasks tasks(plan, kBackwardQueries, /*backward=*/true, t.q.device());
  DeviceAttention args = device_arrays_of(t.q, t.k, t.v, options);
  tasks.name_in(args);
  args.out = const_cast<float*>(t.out.const_data_ptr<float>());
  args.lse = const_cast<float*>(t.lse.const_data_ptr<float>());
  DeviceAttentionGradients gradients{t.dout.const_data_ptr<float>(), t.dq.mutable_data_ptr<float>(),
                                     t.dk.mutable_data_ptr<float>(), t.dv.mutable_data_ptr<float>()};
  tasks.name_in(gradients);
  XLT_DISPATCH_CUDA(t.q.device(), attention_backward, args, gradients);
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
    context->saved_data["plan"] = c10::IValue::make_capsule(c10::make_intrusive<PlanHolder>(plan, options));
    return rounded;
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const tensor_list saved = context->get_saved_variables();
    const auto capsule = context->saved_data["plan"].toCapsule();
    const auto& holder = static_cast<const PlanHolder&>(*capsule);
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
