// SPDX-License-Identifier: Apache-2.0
// KL divergence of two heads' distributions, a chunk of rows at a time:
//
//   KL = Σ_v p_v·((z_v − y_v) − (lse z − lse y))        z, y: logits of p, q; ∂KL/∂y = q − p
//
// The difference of logits is taken before anything is rounded, so that near-equal distributions, which a
// policy and its reference are, lose nothing to cancellation. On the CPU by a kernel of its own, row by row
// in a fixed order, so a row's value depends neither on the rows beside it nor on the number of threads; on a
// GPU by ATen's operations (there is no CUDA kernel of it).
#include "xlt/ops/head/token_kl.h"

#include "ops/dispatch.h"
#include "ops/head/head_blocks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include "xlt/base/error.h"
#include "xlt/ops/matmul/gguf.h"

namespace xlt::ops {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

constexpr int64_t kColumnsAtOnce = 1024;  // columns of probabilities at a time
constexpr int64_t kLanes = 8;             // partial sums

// Two rows of logits and their log-sum-exp.
struct RowPair {
  const float* z;
  float* y;
  int64_t columns;
  OnlineLogSumExp z_state, y_state;
  float scale, inverse_cap;  // of ∂logit / ∂product; 0: no cap
};

double log_sum(const OnlineLogSumExp& state) { return state.highest + std::log(state.sum); }

// Returns the row's KL; with `wants_gradient`, y ← ∂KL / ∂(hidden · weightᵀ).
double kl_of_row(const RowPair& row, bool wants_gradient) {
  const float shift = static_cast<float>(log_sum(row.z_state) - log_sum(row.y_state));
  std::array<float, kColumnsAtOnce> p, q;
  std::array<double, kLanes> sums{};
  for (int64_t begin = 0; begin < row.columns; begin += kColumnsAtOnce) {
    const int64_t count = std::min(kColumnsAtOnce, row.columns - begin);
    const float* z = row.z + begin;
    float* y = row.y + begin;
    capped_exponentials(z, count, static_cast<float>(row.z_state.highest),
                        static_cast<float>(1 / row.z_state.sum), 0, p.data());
    for (int64_t i = 0; i < count; ++i)
      sums[i % kLanes] += static_cast<double>(p[i]) * ((z[i] - y[i]) - shift);
    if (!wants_gradient) continue;
    capped_exponentials(y, count, static_cast<float>(row.y_state.highest),
                        static_cast<float>(1 / row.y_state.sum), 0, q.data());
    for (int64_t i = 0; i < count; ++i) {
      const float capped = y[i] * row.inverse_cap;
      y[i] = (q[i] - p[i]) * (row.scale * (1 - capped * capped));
    }
  }
  double sum = 0;
  for (const double part : sums) sum += part;
  return sum;
}

void kl_on_cpu(const at::Tensor& z, at::Tensor& y, at::Tensor& z_states, at::Tensor& y_states,
               const HeadOptions& options, bool wants_gradient, at::Tensor& kl) {
  const int64_t columns = z.size(1);
  const float* z_data = z.const_data_ptr<float>();
  float *y_data = y.mutable_data_ptr<float>(), *out = kl.mutable_data_ptr<float>();
  const OnlineLogSumExp *of_z = states_in(z_states), *of_y = states_in(y_states);
  const float scale = static_cast<float>(options.logit_scale),
              inverse = options.softcap > 0 ? static_cast<float>(1 / options.softcap) : 0;
  at::parallel_for(0, z.size(0), 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row)
      out[row] = static_cast<float>(kl_of_row(
          {z_data + row * columns, y_data + row * columns, columns, of_z[row], of_y[row], scale, inverse},
          wants_gradient));
  });
}

at::Tensor log_sums(const at::Tensor& states) { return states.select(1, 0) + states.select(1, 1).log(); }

void kl_by_aten(at::Tensor& z, at::Tensor& y, const at::Tensor& z_states, const at::Tensor& y_states,
                const HeadOptions& options, bool wants_gradient, at::Tensor& kl) {
  const at::Tensor of_z = log_sums(z_states), of_y = log_sums(y_states);
  at::Tensor difference = z.sub(y).sub_((of_z - of_y).to(at::kFloat).unsqueeze(1));
  z.sub_(of_z.to(at::kFloat).unsqueeze(1)).exp_();  // p
  kl.copy_(difference.mul_(z).sum(1, /*keepdim=*/false, at::kDouble));
  if (!wants_gradient) return;
  at::Tensor slope;
  if (options.softcap > 0) slope = difference.copy_(y).div_(options.softcap).square_().neg_().add_(1);
  y.sub_(of_y.to(at::kFloat).unsqueeze(1)).exp_().sub_(z).mul_(options.logit_scale);
  if (slope.defined()) y.mul_(slope);
}

at::Tensor states_of(const at::Tensor& logits) {
  const at::Tensor targets = at::zeros({logits.size(0)}, logits.options().dtype(at::kLong));
  at::Tensor states = new_states(targets);
  add_to_states(logits, targets, {0, logits.size(1)}, states);
  return states;
}

// A chunk's KL [rows] and, with `wants_gradient`, the gradient with respect to to.hidden · to.weightᵀ [rows,
// V].
struct ChunkKl {
  at::Tensor kl, gradient;
};
ChunkKl kl_of_chunk(const HeadRows& from, const HeadRows& to, const Run& rows, bool wants_gradient) {
  at::Tensor z = head_logits(narrow(from.hidden, rows), from.weight, from.options);
  at::Tensor y = head_logits(narrow(to.hidden, rows), to.weight, to.options);
  at::Tensor z_states = states_of(z), y_states = states_of(y);
  at::Tensor kl = at::empty({rows.count}, z.options());
  if (runs_cpu_kernels(z.device()))
    kl_on_cpu(z, y, z_states, y_states, to.options, wants_gradient, kl);
  else
    kl_by_aten(z, y, z_states, y_states, to.options, wants_gradient, kl);
  return {kl, wants_gradient ? y : at::Tensor()};
}

// Two rows of logits and one of differences take the room of three of token_logps.
std::vector<Run> chunks_of(const HeadRows& to) {
  return even_runs_of(to.hidden.size(0), std::max<int64_t>(1, to.options.chunk_rows / 3));
}

// hidden_gradient [rows, C] += logit_gradient [rows, V] · weight
void add_hidden_gradient(at::Tensor hidden_gradient, const at::Tensor& logit_gradient,
                         const at::Tensor& weight) {
  for (const Run& columns : blocks_of(weight))
    add_product(hidden_gradient, logit_gradient.narrow(1, columns.first, columns.count).contiguous(),
                block_of(weight, columns).t());
}

// weight_gradient [V, C] += logit_gradientᵀ · hidden, a block at a time
void add_weight_gradient(at::Tensor weight_gradient, const at::Tensor& logit_gradient,
                         const at::Tensor& hidden) {
  for (const Run& columns : blocks_of(weight_gradient))
    add_product(narrow(weight_gradient, columns),
                logit_gradient.narrow(1, columns.first, columns.count).t().contiguous(),
                hidden.to(at::kFloat).t());
}

at::Tensor kl_without_gradient(const HeadRows& from, const HeadRows& to) {
  at::Tensor kl = at::empty({to.hidden.size(0)}, to.hidden.options().dtype(at::kFloat));
  for (const Run& rows : chunks_of(to))
    narrow(kl, rows).copy_(kl_of_chunk(from, to, rows, /*wants_gradient=*/false).kl);
  return kl;
}

void save_options(AutogradContext* context, const char* side, const HeadOptions& options) {
  const std::string prefix = side;
  context->saved_data[prefix + "logit_scale"] = options.logit_scale;
  context->saved_data[prefix + "softcap"] = options.softcap;
  context->saved_data[prefix + "chunk_rows"] = options.chunk_rows;
}
HeadOptions saved_options(AutogradContext* context, const char* side) {
  const std::string prefix = side;
  return {context->saved_data[prefix + "logit_scale"].toDouble(),
          context->saved_data[prefix + "softcap"].toDouble(),
          context->saved_data[prefix + "chunk_rows"].toInt()};
}

class TokenKlFunction : public torch::autograd::Function<TokenKlFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& hidden, const at::Tensor& weight,
                            const HeadRows& from, const HeadOptions& options) {
    const HeadRows to{hidden, weight, options};
    if (weight.requires_grad()) {
      context->save_for_backward({hidden, weight, from.hidden, from.weight});
      save_options(context, "from ", from.options);
      save_options(context, "to ", options);
      return kl_without_gradient(from, to);
    }
    at::Tensor kl = at::empty({hidden.size(0)}, hidden.options().dtype(at::kFloat)),
               slopes = at::zeros(hidden.sizes(), kl.options());
    for (const Run& rows : chunks_of(to)) {
      const ChunkKl chunk = kl_of_chunk(from, to, rows, /*wants_gradient=*/true);
      narrow(kl, rows).copy_(chunk.kl);
      add_hidden_gradient(narrow(slopes, rows), chunk.gradient, weight);
    }
    context->save_for_backward({slopes.to(hidden.scalar_type())});
    return kl;
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const tensor_list saved = context->get_saved_variables();
    const at::Tensor gradient = gradients[0].unsqueeze(1);  // [M, 1]
    if (saved.size() == 1)
      return {(saved[0] * gradient).to(saved[0].scalar_type()), at::Tensor(), at::Tensor(), at::Tensor()};
    const HeadRows to{saved[0], saved[1], saved_options(context, "to ")},
        from{saved[2], saved[3], saved_options(context, "from ")};
    const auto wide = to.hidden.options().dtype(at::kFloat);
    at::Tensor hidden_gradient = at::zeros(to.hidden.sizes(), wide),
               weight_gradient = at::zeros(to.weight.sizes(), wide);
    for (const Run& rows : chunks_of(to)) {
      ChunkKl chunk = kl_of_chunk(from, to, rows, /*wants_gradient=*/true);
      chunk.gradient.mul_(narrow(gradient, rows));
      add_hidden_gradient(narrow(hidden_gradient, rows), chunk.gradient, to.weight);
      add_weight_gradient(weight_gradient, chunk.gradient, narrow(to.hidden, rows));
    }
    return {hidden_gradient.to(to.hidden.scalar_type()), weight_gradient.to(to.weight.scalar_type()),
            at::Tensor(), at::Tensor()};
  }
};

void check_rows(const HeadRows& rows, const char* name) {
  XLT_CHECK(rows.hidden.dim() == 2 && rows.hidden.size(1) == columns_of(rows.weight), name, ": hidden ",
            rows.hidden.sizes(), " [M, C] does not fit weight ", rows.weight.sizes(), " [V, C]");
}

}  // namespace

at::Tensor token_kl(const HeadRows& from, const HeadRows& to) {
  check_rows(from, "from");
  check_rows(to, "to");
  XLT_CHECK(from.hidden.size(0) == to.hidden.size(0) && from.weight.size(0) == to.weight.size(0), "rows of ",
            from.hidden.sizes(), " and ", to.hidden.sizes(), " over vocabularies of ", from.weight.size(0),
            " and ", to.weight.size(0), " cannot be compared");
  XLT_CHECK(to.options.chunk_rows > 0, "chunks of ", to.options.chunk_rows, " rows");
  if (to.hidden.size(0) == 0) return to.hidden.to(at::kFloat).sum(1);
  const HeadRows constant{from.hidden.detach(), from.weight.detach(), from.options};
  if (at::GradMode::is_enabled() && (to.hidden.requires_grad() || to.weight.requires_grad()))
    return TokenKlFunction::apply(to.hidden, to.weight, constant, to.options);
  return kl_without_gradient(constant, to);
}

}  // namespace xlt::ops
