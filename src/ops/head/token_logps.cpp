// SPDX-License-Identifier: Apache-2.0
// The head's product in chunks of rows and blocks of the vocabulary, and log-probabilities of given tokens
// from it.
#include "xlt/ops/head/token_logps.h"

#include "ops/dispatch.h"
#include "ops/head/cpu_head.h"
#include "ops/head/head_blocks.h"
#include "ops/head/head_kernels.h"

#include <algorithm>
#include <limits>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include "xlt/base/error.h"
#include "xlt/base/runs.h"
#include "xlt/ops/matmul/gguf.h"
#include "xlt/ops/matmul/linear.h"

namespace xlt::ops {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

at::Tensor logp_of(const at::Tensor& states) {
  return (states.select(1, 2) - states.select(1, 0) - states.select(1, 1).log()).to(at::kFloat);
}

// ∂ logp / ∂(hidden · blockᵀ), in place of the logits.
void to_gradient(at::Tensor logits, const at::Tensor& targets, const Run& block, at::Tensor states,
                 const HeadOptions& options) {
  LogitRows rows = kernel_rows(logits, targets, block, states);
  rows.scale = static_cast<float>(options.logit_scale);
  rows.softcap = static_cast<float>(options.softcap);
  XLT_DISPATCH(logits.device(), gradient_in_place, rows);
}

// The rows' states. Blocks outside, chunks inside: a block of the weight is widened and read once. Our own
// product takes it as it is, and goes over it once a chunk.
at::Tensor states_of(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets,
                     const HeadOptions& options) {
  at::Tensor states = new_states(targets);
  if (takes_cpu_head(hidden, weight)) {
    for (const Run& rows : even_runs_of(hidden.size(0), options.chunk_rows))
      cpu_head_states(narrow(hidden, rows), weight, narrow(targets, rows), options,
                      states_in(states) + rows.first);
    return states;
  }
  for (const Run& columns : blocks_of(weight)) {
    const at::Tensor block = block_of(weight, columns);
    for (const Run& rows : runs_of(hidden.size(0), options.chunk_rows))
      add_to_states(logits_of(narrow(hidden, rows), block, options), narrow(targets, rows), columns,
                    narrow(states, rows));
  }
  return states;
}

// logp of a chunk, and its gradient with respect to each hidden row, from one pass over the logits.
at::Tensor logps_with_slopes(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets,
                             const HeadOptions& options, at::Tensor slopes) {
  at::Tensor states = new_states(targets);
  if (takes_cpu_head(hidden, weight)) {
    cpu_head_slopes(hidden, weight, targets, options, states_in(states), slopes);
    return logp_of(states);
  }
  const std::vector<Run> blocks = blocks_of(weight);
  std::vector<at::Tensor> logits;
  for (const Run& columns : blocks) {
    logits.push_back(logits_of(hidden, block_of(weight, columns), options));
    add_to_states(logits.back(), targets, columns, states);
  }
  for (size_t b = 0; b < blocks.size(); ++b) {
    to_gradient(logits[b], targets, blocks[b], states, options);
    add_product(slopes, logits[b], block_of(weight, blocks[b]).t());
    logits[b].reset();
  }
  return logp_of(states);
}

class TokenLogpsFunction : public torch::autograd::Function<TokenLogpsFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& hidden, const at::Tensor& weight,
                            const at::Tensor& targets, const HeadOptions& options) {
    if (weight.requires_grad()) {
      const at::Tensor states = states_of(hidden, weight, targets, options);
      context->save_for_backward({hidden, weight, targets, states});
      context->saved_data["logit_scale"] = options.logit_scale;
      context->saved_data["softcap"] = options.softcap;
      context->saved_data["chunk_rows"] = options.chunk_rows;
      return logp_of(states);
    }
    // The weight is frozen: logp's gradient with respect to each hidden row does not depend on the loss, so
    // it is made here and the logits are computed once.
    at::Tensor logp = at::empty({hidden.size(0)}, hidden.options().dtype(at::kFloat)),
               slopes = at::zeros(hidden.sizes(), logp.options());
    for (const Run& rows : even_runs_of(hidden.size(0), options.chunk_rows))
      narrow(logp, rows)
          .copy_(logps_with_slopes(narrow(hidden, rows), weight, narrow(targets, rows), options,
                                   narrow(slopes, rows)));
    context->save_for_backward({slopes.to(hidden.scalar_type())});
    return logp;
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const tensor_list saved = context->get_saved_variables();
    const at::Tensor gradient = gradients[0].unsqueeze(1);  // [M, 1]
    if (saved.size() == 1)
      return {(saved[0] * gradient).to(saved[0].scalar_type()), at::Tensor(), at::Tensor(), at::Tensor()};
    const at::Tensor &hidden = saved[0], &weight = saved[1], &targets = saved[2], &states = saved[3];
    const HeadOptions options = {context->saved_data["logit_scale"].toDouble(),
                                 context->saved_data["softcap"].toDouble(),
                                 context->saved_data["chunk_rows"].toInt()};
    at::Tensor hidden_gradient = at::zeros(hidden.sizes(), hidden.options().dtype(at::kFloat)),
               weight_gradient = at::empty_like(weight);
    for (const Run& columns : blocks_of(weight)) {
      const at::Tensor block = block_of(weight, columns);
      at::Tensor block_gradient = at::zeros(block.sizes(), hidden_gradient.options());
      for (const Run& rows : runs_of(hidden.size(0), options.chunk_rows)) {
        const at::Tensor chunk = narrow(hidden, rows), logits = logits_of(chunk, block, options);
        to_gradient(logits, narrow(targets, rows), columns, narrow(states, rows), options);
        logits.mul_(narrow(gradient, rows));
        add_product(narrow(hidden_gradient, rows), logits, block.t());
        add_product(block_gradient, logits.t(), chunk.to(block.scalar_type()).t());
      }
      narrow(weight_gradient, columns).copy_(block_gradient);
    }
    return {hidden_gradient.to(hidden.scalar_type()), weight_gradient, at::Tensor(), at::Tensor()};
  }
};

void check_targets(const at::Tensor& targets, int64_t vocabulary) {
  XLT_CHECK(targets.scalar_type() == at::kLong, "targets of type ", toString(targets.scalar_type()),
            "; expected int64");
  if (!targets.is_cpu()) return;  // no wait for the device: a target beyond the vocabulary gives NaN there
  const int64_t* ids = targets.const_data_ptr<int64_t>();
  for (int64_t row = 0; row < targets.size(0); ++row)
    XLT_CHECK(ids[row] >= 0 && ids[row] < vocabulary, "target ", row, " is token ", ids[row],
              "; the head has ", vocabulary);
}

}  // namespace

at::Tensor token_logps(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets,
                       const HeadOptions& options) {
  XLT_CHECK(hidden.dim() == 2 && hidden.size(1) == columns_of(weight) && targets.dim() == 1 &&
                targets.size(0) == hidden.size(0),
            "hidden ", hidden.sizes(), " [M, C], weight ", weight.sizes(), " [V, C] and targets ",
            targets.sizes(), " [M] do not fit");
  XLT_CHECK(options.chunk_rows > 0, "chunks of ", options.chunk_rows, " rows");
  const at::Tensor ids = targets.contiguous();
  check_targets(ids, weight.size(0));
  if (hidden.size(0) == 0) return hidden.to(at::kFloat).sum(1);
  if (at::GradMode::is_enabled() && (hidden.requires_grad() || weight.requires_grad()))
    return TokenLogpsFunction::apply(hidden, weight, ids, options);
  return logp_of(states_of(hidden, weight, ids, options));
}

at::Tensor head_logits(const at::Tensor& hidden, const at::Tensor& weight, const HeadOptions& options) {
  at::Tensor logits = at::empty({hidden.size(0), weight.size(0)}, hidden.options().dtype(at::kFloat));
  head_logits_into(logits, hidden, weight, options);
  return logits;
}

void head_logits_into(at::Tensor logits, const at::Tensor& hidden, const at::Tensor& weight,
                      const HeadOptions& options) {
  XLT_CHECK(hidden.dim() == 2 && hidden.size(1) == columns_of(weight), "hidden ", hidden.sizes(),
            " [M, C] does not fit weight ", weight.sizes(), " [V, C]");
  XLT_CHECK(logits.dim() == 2 && logits.size(0) == hidden.size(0) && logits.size(1) == weight.size(0),
            "logits ", logits.sizes(), " for ", hidden.size(0), " rows and ", weight.size(0), " tokens");
  const at::NoGradGuard no_grad;
  if (logits.numel() == 0) return;
  if (hidden.size(1) == 0) return static_cast<void>(logits.zero_());
  if (takes_cpu_head(hidden, weight)) return cpu_head_logits(hidden, weight, options, logits);
  for (const Run& columns : blocks_of(weight))
    logits.narrow(1, columns.first, columns.count)
        .copy_(logits_of(hidden, block_of(weight, columns), options));
}

}  // namespace xlt::ops
