// SPDX-License-Identifier: Apache-2.0
// Plain-ATen versions of the ops, written to be read: the oracle of every backend. Included by `ops` and
// tests only.
#pragma once

#include <ATen/core/Tensor.h>

#include "xlt/ops/attention/segment_attention.h"
#include "xlt/ops/elementwise/activation.h"
#include "xlt/ops/elementwise/gated_activation.h"
#include "xlt/ops/elementwise/rope.h"
#include "xlt/ops/head/token_kl.h"
#include "xlt/ops/head/token_logps.h"
#include "xlt/ops/norm/layer_norm.h"
#include "xlt/ops/norm/rms_norm.h"

namespace xlt::reference {

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps, ops::RmsNormCasting casting);
// `bias` may be undefined.
at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps);
at::Tensor rope(const at::Tensor& x, const ops::RopeAngles& angles, ops::RopeLayout layout);
at::Tensor activation(const at::Tensor& x, ops::Activation activation);
at::Tensor gated_activation(const at::Tensor& gate, const at::Tensor& up, ops::Activation activation);
// Dense [H, N, S] mask, softmax, product. Works on every device, differentiable by autograd.
at::Tensor segment_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                             const ops::AttentionPlan& plan, const ops::AttentionOptions& options);
at::Tensor token_logps(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets,
                       const ops::HeadOptions& options);
at::Tensor token_kl(const ops::HeadRows& from, const ops::HeadRows& to);

}  // namespace xlt::reference
