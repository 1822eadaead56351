// SPDX-License-Identifier: Apache-2.0
#include "ops/head/cpu_head.h"

#include "ops/float_rows.h"
#include "ops/matmul/matmul.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <c10/util/BFloat16.h>

#include "xlt/base/error.h"
#include "xlt/ops/matmul/gguf.h"

namespace xlt::ops {
namespace {

// Columns of logits made and summed at a time. 240 rows of them are half a second-level cache.
constexpr int64_t kColumns = 256;
static_assert(kColumns == kMaxBlock);  // a LogitSummary's blocks

// Rows of a block of logits, contiguous, as a tensor of its own.
at::Tensor as_tensor(float* y, int64_t rows, int64_t columns) {
  return at::from_blob(y, {rows, columns}, at::kFloat);
}

void merge(OnlineLogSumExp& state, const OnlineLogSumExp& next) {
  const double highest = std::max(state.highest, next.highest);
  state.sum = state.sum * std::exp(state.highest - highest) + next.sum * std::exp(next.highest - highest);
  state.highest = highest;
}

std::vector<OnlineLogSumExp> new_parts(int64_t rows, int64_t vocabulary) {
  return std::vector<OnlineLogSumExp>(static_cast<size_t>((vocabulary + kColumns - 1) / kColumns * rows));
}

// parts [blocks][rows] → states [rows], in the order of the vocabulary.
void merge_parts(const std::vector<OnlineLogSumExp>& parts, const int64_t* targets, int64_t rows,
                 OnlineLogSumExp* states) {
  const int64_t blocks = static_cast<int64_t>(parts.size()) / rows;
  at::parallel_for(0, rows, 16, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      OnlineLogSumExp state = parts[row];
      for (int64_t block = 1; block < blocks; ++block) merge(state, parts[block * rows + row]);
      state.target = parts[targets[row] / kColumns * rows + row].target;
      states[row] = state;
    }
  });
}

// Σ_j e^(logit − highest) · ∂logit · weight row j over a span of the vocabulary, without the targets' own
// terms: what is left of ∂ logp / ∂ hidden once it is divided by the whole sum. `highest` rises as blocks
// come in, and what was summed before shrinks with it (Milakov & Gimelshein 2018, algorithm 3). Spans depend
// on the vocabulary alone, and so do the bits.
class SlopeSpan {
 public:
  // Work for many threads; beyond the least, all of them hold no more than a quarter of what the logits
  // would.
  static int64_t columns_of(int64_t vocabulary, int64_t hidden) {
    constexpr int64_t kLeast = 8, kMost = 64;
    const int64_t spans = std::clamp<int64_t>(vocabulary / (4 * hidden), kLeast, kMost);
    const int64_t blocks = (vocabulary + kColumns - 1) / kColumns;
    return (blocks + spans - 1) / spans * kColumns;
  }
  // type: in which the exponentials are multiplied by the weight. In bfloat16 they are rounded as the
  // gradient of a bfloat16 head's logits is anywhere; the sums are not, nor is the target's own term.
  SlopeSpan(int64_t rows, int64_t columns, at::ScalarType type)
      : type_(type),
        highest_(static_cast<size_t>(rows), -std::numeric_limits<float>::infinity()),
        sums_(at::zeros({rows, columns}, at::kFloat)) {}

  // `logits` [rows, block.columns] are overwritten; `parts` are the block's states; `weight`, its rows.
  void add(const LogitBlock& block, const OnlineLogSumExp* parts, const HeadOptions& options,
           const at::Tensor& weight) {
    const bool is_narrow = type_ == at::kBFloat16;
    at::Tensor values = is_narrow ? at::empty({block.rows, block.columns}, type_)
                                  : as_tensor(block.logits, block.rows, block.columns);
    for (int64_t row = 0; row < block.rows; ++row) {
      raise(row, static_cast<float>(parts[row].highest));
      const int64_t first = row * block.columns;
      if (is_narrow)
        exponentiate(block, row, options, values.mutable_data_ptr<c10::BFloat16>() + first);
      else
        exponentiate(block, row, options, block.logits + first);
    }
    add_matmul_nt(sums_, values, weight.t());
  }

  // to −= e^(highest − of.highest) / of.sum · the row's sums
  void subtract_from(int64_t row, const OnlineLogSumExp& of, float* to) const {
    const auto share = static_cast<float>(std::exp(highest_[row] - of.highest) / of.sum);
    const float* sums = sums_.const_data_ptr<float>() + row * sums_.size(1);
    for (int64_t i = 0; i < sums_.size(1); ++i) to[i] -= share * sums[i];
  }

 private:
  // The exponentials of a row, but for its target's.
  template <typename T>
  void exponentiate(const LogitBlock& block, int64_t row, const HeadOptions& options, T* to) const {
    const auto scale = static_cast<float>(options.logit_scale);
    const float inverse = options.softcap > 0 ? static_cast<float>(1 / options.softcap) : 0;
    capped_exponentials(block.logits + row * block.columns, block.columns, highest_[row], scale, inverse, to);
    const int64_t target = block.targets[row] - block.first;
    if (target >= 0 && target < block.columns) to[target] = 0;
  }
  void raise(int64_t row, float highest) {
    const float before = highest_[row];
    if (!(highest > before)) return;
    highest_[row] = highest;
    if (before == -std::numeric_limits<float>::infinity()) return;
    scale_row(sums_.mutable_data_ptr<float>() + row * sums_.size(1), sums_.size(1),
              std::exp(before - highest));
  }

  at::ScalarType type_;
  std::vector<float> highest_;
  at::Tensor sums_;
};

// slopes ← (1 − p(target)) · ∂logit · the target's weight − what the spans hold.
void finish_slopes(const std::vector<SlopeSpan>& spans, const OnlineLogSumExp* states,
                   const at::Tensor& target_weights, const HeadOptions& options, at::Tensor& slopes) {
  const double inverse = options.softcap > 0 ? 1 / options.softcap : 0;
  const int64_t columns = slopes.size(1);
  const float* weights = target_weights.const_data_ptr<float>();
  float* to = slopes.mutable_data_ptr<float>();
  at::parallel_for(0, slopes.size(0), 4, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const OnlineLogSumExp& state = states[row];
      const double capped = state.target * inverse,
                   others = state.sum - std::exp(state.target - state.highest);
      const auto slope = static_cast<float>(options.logit_scale * (1 - capped * capped) * others / state.sum);
      for (int64_t i = 0; i < columns; ++i) to[row * columns + i] = slope * weights[row * columns + i];
      for (const SlopeSpan& span : spans) span.subtract_from(row, state, to + row * columns);
    }
  });
}

// Rows of a weight; those in blocks as their values.
at::Tensor of_type(const at::Tensor& rows, at::ScalarType dtype) {
  return is_gguf(rows) ? values_of(rows, dtype) : rows;
}

}  // namespace

bool cpu_head_takes(const at::Tensor& hidden, const at::Tensor& weight) {
  return matmul_library_of(hidden, weight) == MatmulLibrary::kOwn;
}

void scale_and_cap(at::Tensor& logits, const HeadOptions& options) {
  if (options.logit_scale != 1.0) logits.mul_(options.logit_scale);
  if (options.softcap > 0) logits.div_(options.softcap).tanh_().mul_(options.softcap);
}

void cpu_head_states(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets,
                     const HeadOptions& options, OnlineLogSumExp* states) {
  const int64_t rows = hidden.size(0);
  if (rows == 0) return;
  std::vector<OnlineLogSumExp> parts = new_parts(rows, weight.size(0));
  matmul_blocks(hidden, weight, kColumns, [&](int64_t first, int64_t count, float* y) {
    at::Tensor logits = as_tensor(y, rows, count);
    scale_and_cap(logits, options);
    cpu::add_block(
        {{y, rows, count, first, targets.const_data_ptr<int64_t>()}, parts.data() + first / kColumns * rows},
        {});
  });
  merge_parts(parts, targets.const_data_ptr<int64_t>(), rows, states);
}

void cpu_head_slopes(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets,
                     const HeadOptions& options, OnlineLogSumExp* states, at::Tensor& slopes) {
  XLT_CHECK(slopes.is_contiguous() && slopes.scalar_type() == at::kFloat, "slopes are dense float32");
  const int64_t rows = hidden.size(0), vocabulary = weight.size(0),
                span = SlopeSpan::columns_of(vocabulary, hidden.size(1));
  if (rows == 0) return;
  const int64_t* ids = targets.const_data_ptr<int64_t>();
  std::vector<OnlineLogSumExp> parts = new_parts(rows, vocabulary);
  const at::ScalarType type = multiplies_pairs(hidden, weight) ? at::kBFloat16 : at::kFloat;
  std::vector<SlopeSpan> spans;
  for (int64_t first = 0; first < vocabulary; first += span) spans.emplace_back(rows, hidden.size(1), type);
  matmul_blocks(
      hidden, weight, kColumns,
      [&](int64_t first, int64_t count, float* y) {
        at::Tensor logits = as_tensor(y, rows, count);
        scale_and_cap(logits, options);
        const LogitBlock block{y, rows, count, first, ids};
        OnlineLogSumExp* block_parts = parts.data() + first / kColumns * rows;
        cpu::add_block({block, block_parts}, {});
        spans[first / span].add(block, block_parts, options,
                                of_type(weight.narrow(0, first, count), hidden.scalar_type()));
      },
      span / kColumns);
  merge_parts(parts, ids, rows, states);
  finish_slopes(spans, states, of_type(weight.index_select(0, targets), hidden.scalar_type()).to(at::kFloat),
                options, slopes);
}

void cpu_head_logits(const at::Tensor& hidden, const at::Tensor& weight, const HeadOptions& options,
                     at::Tensor& logits, LogitSummary* summary) {
  XLT_CHECK(logits.scalar_type() == at::kFloat && logits.stride(1) == 1, "logits are float32 rows");
  const int64_t rows = hidden.size(0), stride = logits.stride(0);
  const int64_t blocks = (weight.size(0) + kColumns - 1) / kColumns;
  if (summary != nullptr) {
    summary->maxima.resize(static_cast<size_t>(rows * blocks));
    summary->sums.resize(static_cast<size_t>(rows * blocks));
  }
  float* to = logits.mutable_data_ptr<float>();
  matmul_blocks(hidden, weight, kColumns, [&](int64_t first, int64_t count, float* y) {
    at::Tensor block = as_tensor(y, rows, count);
    scale_and_cap(block, options);
    for (int64_t row = 0; row < rows; ++row) {
      const float* x = y + row * count;
      store_past_caches(x, count, to + row * stride + first);
      if (summary == nullptr) continue;
      const int64_t place = row * blocks + first / kColumns;
      summary->maxima[place] = largest_of(x, count);
      summary->sums[place] = sum_of_exponentials(x, count, summary->maxima[place], summary->factor);
    }
  });
}

}  // namespace xlt::ops
