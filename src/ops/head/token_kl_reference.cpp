// SPDX-License-Identifier: Apache-2.0
// token_kl with all probabilities at once.
#include "ops/reference.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/tanh.h>

namespace xlt::reference {

namespace {

at::Tensor log_probabilities(const ops::HeadRows& rows) {
  const at::ScalarType wide = rows.hidden.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  at::Tensor logits = at::matmul(rows.hidden.to(wide), rows.weight.to(wide).t()) * rows.options.logit_scale;
  if (rows.options.softcap > 0) logits = at::tanh(logits / rows.options.softcap) * rows.options.softcap;
  return at::log_softmax(logits, -1);
}

}  // namespace

at::Tensor token_kl(const ops::HeadRows& from, const ops::HeadRows& to) {
  const at::Tensor log_p = log_probabilities(from).detach(), log_q = log_probabilities(to);
  return (at::exp(log_p) * (log_p - log_q)).sum(-1);
}

}  // namespace xlt::reference
