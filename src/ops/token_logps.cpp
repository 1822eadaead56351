// The head's product in chunks, and log-probabilities of given tokens from it. SPDX-License-Identifier:
// Apache-2.0
#include "xlt/ops/token_logps.h"

#include "ops/head_kernels.h"
#include "ops/matmul.h"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include "xlt/base/error.h"
#include "xlt/ops/linear.h"

namespace xlt::ops {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

// Columns of logits held at a time where no gradient is needed: 128 rows of them stay in the last-level
// cache.
constexpr int64_t kVocabBlock = 16384;

// Scale and cap in place. [rows, columns] float32.
at::Tensor finished_logits(at::Tensor logits, const HeadOptions& options) {
  if (options.logit_scale != 1.0) logits.mul_(options.logit_scale);
  if (options.softcap > 0) logits.div_(options.softcap).tanh_().mul_(options.softcap);
  return logits;
}

// hidden [rows, C] float32 · weight[first … first + count)ᵀ. Half-precision weights are widened a block at a
// time, so that logits are never rounded to 8 bits of mantissa.
at::Tensor block_logits(const at::Tensor& hidden, const at::Tensor& weight, int64_t first, int64_t count,
                        const HeadOptions& options) {
  return finished_logits(ops::linear(hidden, weight.narrow(0, first, count).to(at::kFloat)), options);
}

at::Tensor logps_without_gradient(const at::Tensor& hidden, const at::Tensor& weight,
                                  const at::Tensor& targets, const HeadOptions& options) {
  const int64_t M = hidden.size(0), V = weight.size(0);
  const at::Tensor wide = hidden.to(at::kFloat).contiguous();
  if (!hidden.device().is_cpu()) {
    const at::Tensor logits = finished_logits(ops::linear(wide, weight.to(at::kFloat)), options);
    return logits.gather(1, targets.unsqueeze(1)).squeeze(1) - logits.logsumexp(1);
  }
  at::Tensor logp = at::empty({M}, wide.options());
  std::vector<OnlineLogSumExp> states(M);
  for (int64_t first = 0; first < V; first += kVocabBlock) {
    const int64_t count = std::min(kVocabBlock, V - first);
    const at::Tensor block = weight.narrow(0, first, count).to(at::kFloat);
    for (int64_t row = 0; row < M; row += options.chunk_rows) {
      const int64_t rows = std::min(options.chunk_rows, M - row);
      const at::Tensor logits =
          finished_logits(ops::linear(wide.narrow(0, row, rows), block), options).contiguous();
      add_block(logits.const_data_ptr<float>(), rows, count, targets.const_data_ptr<int64_t>() + row, first,
                states.data() + row);
    }
  }
  float* out = logp.mutable_data_ptr<float>();
  for (int64_t row = 0; row < M; ++row) out[row] = states[row].logp();
  return logp;
}

// ∂ logp / ∂ logits of a chunk, in place of the logits: (onehot − softmax), through cap and scale. [rows, V]
at::Tensor logit_gradients(at::Tensor logits, const at::Tensor& targets, const HeadOptions& options,
                           at::Tensor& logp) {
  at::Tensor chain;
  if (options.softcap > 0) chain = 1.0 - (logits / options.softcap).pow(2);
  if (logits.device().is_cpu()) {
    logits = logits.contiguous();
    softmax_minus_onehot(logits.mutable_data_ptr<float>(), logits.size(0), logits.size(1),
                         targets.const_data_ptr<int64_t>(), logp.mutable_data_ptr<float>());
  } else {
    const at::Tensor lse = logits.logsumexp(1, /*keepdim=*/true);
    logp.copy_((logits.gather(1, targets.unsqueeze(1)) - lse).squeeze(1));
    logits.sub_(lse).exp_();
    logits.scatter_add_(1, targets.unsqueeze(1), at::zeros({targets.size(0), 1}, logits.options()).sub_(1.0));
  }
  logits.neg_();
  if (chain.defined()) logits.mul_(chain);
  if (options.logit_scale != 1.0) logits.mul_(options.logit_scale);
  return logits;
}

HeadOptions options_from(AutogradContext* context) {
  return {context->saved_data["logit_scale"].toDouble(), context->saved_data["softcap"].toDouble(),
          context->saved_data["chunk_rows"].toInt()};
}

class TokenLogpsFunction : public torch::autograd::Function<TokenLogpsFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& hidden, const at::Tensor& weight,
                            const at::Tensor& targets, const HeadOptions& options) {
    context->saved_data["logit_scale"] = options.logit_scale;
    context->saved_data["softcap"] = options.softcap;
    context->saved_data["chunk_rows"] = options.chunk_rows;
    if (weight.requires_grad()) {
      context->save_for_backward({hidden, weight, targets});
      return logps_without_gradient(hidden, weight, targets, options);
    }
    // The weight is frozen: logp's gradient with respect to each hidden row does not depend on the loss, so
    // it is made here and the logits are computed once.
    const int64_t M = hidden.size(0);
    at::Tensor logp = at::empty({M}, hidden.options().dtype(at::kFloat)),
               slopes = at::empty({M, hidden.size(1)}, logp.options());
    const at::Tensor wide = weight.to(at::kFloat);
    for (int64_t row = 0; row < M; row += options.chunk_rows) {
      const int64_t rows = std::min(options.chunk_rows, M - row);
      at::Tensor chunk_logp = logp.narrow(0, row, rows);
      const at::Tensor logits =
          finished_logits(ops::linear(hidden.narrow(0, row, rows).to(at::kFloat), wide), options);
      const at::Tensor gradient = logit_gradients(logits, targets.narrow(0, row, rows), options, chunk_logp);
      slopes.narrow(0, row, rows).copy_(matmul_nt(matmul_library_of(wide), gradient, wide.t()));
    }
    context->save_for_backward({hidden, weight, targets, slopes});
    return logp;
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const tensor_list saved = context->get_saved_variables();
    const at::Tensor &hidden = saved[0], &weight = saved[1], &targets = saved[2];
    const at::Tensor gradient = gradients[0].unsqueeze(1);  // [M, 1]
    if (saved.size() == 4)
      return {(saved[3] * gradient).to(hidden.scalar_type()), at::Tensor(), at::Tensor(), at::Tensor()};
    const HeadOptions options = options_from(context);
    const at::Tensor wide = weight.to(at::kFloat);
    at::Tensor hidden_gradient = at::empty({hidden.size(0), hidden.size(1)}, gradient.options()),
               weight_gradient = at::zeros(wide.sizes(), wide.options().requires_grad(false));
    for (int64_t row = 0; row < hidden.size(0); row += options.chunk_rows) {
      const int64_t rows = std::min(options.chunk_rows, hidden.size(0) - row);
      const at::Tensor chunk = hidden.narrow(0, row, rows).to(at::kFloat);
      at::Tensor ignored = at::empty({rows}, gradient.options());
      at::Tensor logits = logit_gradients(finished_logits(ops::linear(chunk, wide), options),
                                          targets.narrow(0, row, rows), options, ignored);
      logits.mul_(gradient.narrow(0, row, rows));
      hidden_gradient.narrow(0, row, rows).copy_(matmul_nt(matmul_library_of(wide), logits, wide.t()));
      weight_gradient.addmm_(logits.t(), chunk);
    }
    return {hidden_gradient.to(hidden.scalar_type()), weight_gradient.to(weight.scalar_type()), at::Tensor(),
            at::Tensor()};
  }
};

}  // namespace

at::Tensor token_logps(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets,
                       const HeadOptions& options) {
  XLT_CHECK(hidden.dim() == 2 && weight.dim() == 2 && hidden.size(1) == weight.size(1) &&
                targets.dim() == 1 && targets.size(0) == hidden.size(0),
            "hidden ", hidden.sizes(), ", weight ", weight.sizes(), ", targets ", targets.sizes());
  if (hidden.size(0) == 0) return (hidden.to(at::kFloat).sum(1));
  if (at::GradMode::is_enabled() && (hidden.requires_grad() || weight.requires_grad()))
    return TokenLogpsFunction::apply(hidden, weight, targets, options);
  return logps_without_gradient(hidden, weight, targets.contiguous(), options);
}

at::Tensor head_logits(const at::Tensor& hidden, const at::Tensor& weight, const HeadOptions& options) {
  const at::NoGradGuard no_grad;
  const at::Tensor wide = hidden.to(at::kFloat).contiguous();
  if (weight.scalar_type() == at::kFloat)
    return finished_logits(ops::linear(wide, weight), options).contiguous();
  std::vector<at::Tensor> blocks;
  for (int64_t first = 0; first < weight.size(0); first += kVocabBlock)
    blocks.push_back(
        block_logits(wide, weight, first, std::min(kVocabBlock, weight.size(0) - first), options));
  return at::cat(blocks, 1);
}

}  // namespace xlt::ops
