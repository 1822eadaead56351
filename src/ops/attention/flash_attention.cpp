// SPDX-License-Identifier: Apache-2.0
#include "ops/attention/flash_attention.h"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/ops/_flash_attention_backward.h>
#include <ATen/ops/_flash_attention_forward.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/logaddexp.h>
#include <ATen/ops/zeros.h>

namespace xlt::ops {
namespace {

class FlashKernels : public VarlenAttention {
 public:
  FlashResult forward(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const DevicePart& part,
                      double scale) const override {
    auto result = at::_flash_attention_forward(q, k, v, part.queries.begins, part.keys.begins,
                                               most_queries(part), part.keys.longest, /*dropout_p=*/0.0,
                                               part.is_causal, /*return_debug_mask=*/false, scale);
    return {std::get<0>(result), std::get<1>(result)};
  }

  FlashGradients backward(const at::Tensor& dout, const at::Tensor& q, const at::Tensor& k,
                          const at::Tensor& v, const FlashResult& result, const DevicePart& part,
                          double scale) const override {
    // The state of the dropout's random numbers, which nothing reads where nothing is dropped.
    const auto unread = q.options().dtype(at::kUInt64);
    auto gradients = at::_flash_attention_backward(dout, q, k, v, result.out, result.lse, part.queries.begins,
                                                   part.keys.begins, most_queries(part), part.keys.longest,
                                                   /*dropout_p=*/0.0, part.is_causal, at::empty({2}, unread),
                                                   at::empty({}, unread), scale);
    return {std::get<0>(gradients), std::get<1>(gradients), std::get<2>(gradients)};
  }

 private:
  // Only an upper bound to the kernels. Told that sequences have one query, the forward pass takes the query
  // heads of a key head for queries and lays lse out for that.
  static int64_t most_queries(const DevicePart& part) { return std::max<int64_t>(part.queries.longest, 2); }
};

// Weights [H, n] for rows [n, H, D].
at::Tensor for_rows(const at::Tensor& weights) { return weights.transpose(0, 1).unsqueeze(2); }

// A softmax over the keys of two parts is the mean of the parts' results, weighed by Σ exp of their logits.
// `out` (float32) and `lse` of all rows take in what one more part gives for its rows.
void merge(const FlashResult& all, const FlashResult& part, const DeviceRows& rows) {
  const at::Tensor before = rows.of(all.lse, 1), lse = at::logaddexp(before, part.lse);
  const at::Tensor kept = for_rows(at::exp(before - lse)), added = for_rows(at::exp(part.lse - lse));
  if (rows.index.defined()) {
    all.out.index_copy_(0, rows.index.to(at::kLong), (rows.of(all.out) * kept).addcmul_(part.out, added));
    all.lse.index_copy_(1, rows.index.to(at::kLong), lse);
  } else {
    rows.of(all.out).mul_(kept).addcmul_(part.out, added);
    rows.of(all.lse, 1).copy_(lse);
  }
}

}  // namespace

const VarlenAttention& flash_kernels() {
  static const FlashKernels kKernels;
  return kKernels;
}

bool runs_on_flash(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const AttentionPlan& plan,
                   const AttentionOptions& options) {
  const at::ScalarType type = q.scalar_type();
  return q.is_cuda() && (type == at::kBFloat16 || type == at::kHalf) && k.scalar_type() == type &&
         v.scalar_type() == type && q.size(2) % 8 == 0 && q.size(2) <= 256 && fits_flash(plan, options);
}

FlashResult flash_forward(const VarlenAttention& kernels, const at::Tensor& q, const at::Tensor& k,
                          const at::Tensor& v, const DeviceParts& parts, double scale) {
  FlashResult all;
  for (const DevicePart& part : parts.parts) {
    FlashResult result = kernels.forward(part.queries.of(q), part.keys.of(k), part.keys.of(v), part, scale);
    if (!all.out.defined()) {  // the first part has every row
      all = result;
      if (parts.parts.size() > 1) all.out = all.out.to(at::kFloat);
    } else {
      merge(all, result, part.queries);
    }
  }
  return {all.out.to(q.scalar_type()), all.lse};
}

// Each part's backward pass is given the merged out and lse. Of the whole softmax, the weight of a key is
// P = exp(s − lse) with the lse over all keys, and dS = P ∘ (dout·v − δ) with δ = Σ P (dout·v) over all keys,
// which is dout·out of the whole result. So neither mentions any other key, and what a kernel makes of them
// for the keys of its part is exactly their term of dq, and their dk and dv. (A part's own out and lse would
// give the gradients of a softmax over its keys alone, and those of the weights between parts would be
// missing.)
FlashGradients flash_backward(const VarlenAttention& kernels, const at::Tensor& dout, const at::Tensor& q,
                              const at::Tensor& k, const at::Tensor& v, const FlashResult& result,
                              const DeviceParts& parts, double scale) {
  const DeviceRows& keys = parts.parts.front().keys;
  const bool one_call_is_all = parts.parts.size() == 1 && !keys.index.defined() && keys.length == k.size(0);
  FlashGradients sum;
  if (!one_call_is_all) {
    const at::TensorOptions wide = q.options().dtype(at::kFloat);
    sum = {at::zeros(q.sizes(), wide), at::zeros(k.sizes(), wide), at::zeros(v.sizes(), wide)};
  }
  for (const DevicePart& part : parts.parts) {
    const DeviceRows& rows = part.queries;
    const FlashGradients gradients =
        kernels.backward(rows.of(dout), rows.of(q), part.keys.of(k), part.keys.of(v),
                         {rows.of(result.out), rows.of(result.lse, 1).contiguous()}, part, scale);
    if (one_call_is_all) return gradients;
    rows.add_to(sum.dq, gradients.dq);
    part.keys.add_to(sum.dk, gradients.dk);
    part.keys.add_to(sum.dv, gradients.dv);
  }
  const at::ScalarType type = q.scalar_type();
  return {sum.dq.to(type), sum.dk.to(type), sum.dv.to(type)};
}

}  // namespace xlt::ops
