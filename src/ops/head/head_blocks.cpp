// SPDX-License-Identifier: Apache-2.0
#include "ops/head/head_blocks.h"

#include "ops/dispatch.h"
#include "ops/head/cpu_head.h"
#include "ops/matmul/matmul.h"

#include <algorithm>
#include <limits>

#include <ATen/TensorOperators.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>

#include "xlt/ops/matmul/gguf.h"
#include "xlt/ops/matmul/linear.h"

namespace xlt::ops {

namespace {

constexpr int64_t kStateColumns = 3;
static_assert(sizeof(OnlineLogSumExp) == kStateColumns * sizeof(double));

// x · yᵀ in float32, whatever the types.
at::Tensor wide_product(const at::Tensor& x, const at::Tensor& y) {
  if (y.is_cpu() || y.scalar_type() == at::kFloat) return matmul_nt(x.to(at::kFloat), y.to(at::kFloat));
  return at::mm(x.to(y.scalar_type()), y.t(), at::kFloat);
}

}  // namespace

bool takes_cpu_head(const at::Tensor& hidden, const at::Tensor& weight) {
  return runs_cpu_kernels(weight.device()) && cpu_head_takes(hidden, weight);
}

std::vector<Run> blocks_of(const at::Tensor& weight) {
  return runs_of(weight.size(0), weight.is_cpu() ? kVocabBlock : std::max<int64_t>(1, weight.size(0)));
}

at::Tensor block_of(const at::Tensor& weight, const Run& run) {
  const at::Tensor block = narrow(weight, run);
  return block.is_cpu() ? values_of(block, at::kFloat) : block;
}

void add_product(at::Tensor sum, const at::Tensor& x, const at::Tensor& y) {
  if (y.is_cpu() && y.scalar_type() == at::kFloat)
    add_matmul_nt(sum, x, y);
  else
    sum.add_(wide_product(x, y));
}

at::Tensor logits_of(const at::Tensor& hidden, const at::Tensor& block, const HeadOptions& options) {
  at::Tensor logits = block.scalar_type() == at::kFloat ? ops::linear(hidden.to(at::kFloat), block)
                                                        : wide_product(hidden, block);
  scale_and_cap(logits, options);
  return logits.contiguous();
}

OnlineLogSumExp* states_in(at::Tensor& states) {
  return reinterpret_cast<OnlineLogSumExp*>(states.mutable_data_ptr<double>());
}

LogitRows kernel_rows(at::Tensor& logits, const at::Tensor& targets, const Run& block, at::Tensor& states) {
  return {{logits.mutable_data_ptr<float>(), logits.size(0), logits.size(1), block.first,
           targets.const_data_ptr<int64_t>()},
          states_in(states)};
}

at::Tensor new_states(const at::Tensor& targets) {
  at::Tensor states = at::zeros({targets.size(0), kStateColumns}, targets.options().dtype(at::kDouble));
  states.select(1, 0).fill_(-std::numeric_limits<double>::infinity());
  states.select(1, 2).fill_(std::numeric_limits<double>::quiet_NaN());
  return states;
}

void add_to_states(at::Tensor logits, const at::Tensor& targets, const Run& block, at::Tensor states) {
  const LogitRows rows = kernel_rows(logits, targets, block, states);
  XLT_DISPATCH(logits.device(), add_block, rows);
}

}  // namespace xlt::ops
