// SPDX-License-Identifier: Apache-2.0
#include "ops/cpu_head.h"

#include "ops/matmul.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include "xlt/base/error.h"

namespace xlt::ops {
namespace {

// Columns of logits made and summed at a time. 240 rows of them are half a second-level cache.
constexpr int64_t kColumns = 256;
static_assert(kVocabBlock % kColumns == 0, "a block that is made lies in one that is kept");

// Rows of a block of logits, contiguous, as a tensor of its own.
at::Tensor as_tensor(float* y, int64_t rows, int64_t columns) {
  return at::from_blob(y, {rows, columns}, at::kFloat);
}

// Into columns `first` … of rows that lie `stride` apart.
void store(const float* y, int64_t rows, int64_t columns, float* to, int64_t stride) {
  for (int64_t row = 0; row < rows; ++row)
    std::memcpy(to + row * stride, y + row * columns, static_cast<size_t>(columns) * sizeof(float));
}

void merge(OnlineLogSumExp& state, const OnlineLogSumExp& next) {
  const double highest = std::max(state.highest, next.highest);
  state.sum = state.sum * std::exp(state.highest - highest) + next.sum * std::exp(next.highest - highest);
  state.highest = highest;
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

}  // namespace

bool cpu_head_takes(const at::Tensor& weight) { return matmul_library_of(weight) == MatmulLibrary::kOwn; }

void scale_and_cap(at::Tensor& logits, const HeadOptions& options) {
  if (options.logit_scale != 1.0) logits.mul_(options.logit_scale);
  if (options.softcap > 0) logits.div_(options.softcap).tanh_().mul_(options.softcap);
}

void cpu_head_states(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets,
                     const HeadOptions& options, OnlineLogSumExp* states, std::vector<at::Tensor>* kept) {
  const int64_t rows = hidden.size(0), vocabulary = weight.size(0);
  if (rows == 0) return;
  std::vector<OnlineLogSumExp> parts(static_cast<size_t>((vocabulary + kColumns - 1) / kColumns * rows));
  if (kept != nullptr) {
    kept->clear();
    for (int64_t first = 0; first < vocabulary; first += kVocabBlock)
      kept->push_back(at::empty({rows, std::min(kVocabBlock, vocabulary - first)}, at::kFloat));
  }
  matmul_blocks(hidden, weight, kColumns, [&](int64_t first, int64_t count, float* y) {
    at::Tensor logits = as_tensor(y, rows, count);
    scale_and_cap(logits, options);
    add_block({y, rows, count, first, targets.const_data_ptr<int64_t>()},
              parts.data() + first / kColumns * rows);
    if (kept == nullptr) return;
    at::Tensor& block = (*kept)[first / kVocabBlock];
    store(y, rows, count, block.mutable_data_ptr<float>() + first % kVocabBlock, block.stride(0));
  });
  merge_parts(parts, targets.const_data_ptr<int64_t>(), rows, states);
}

void cpu_head_logits(const at::Tensor& hidden, const at::Tensor& weight, const HeadOptions& options,
                     at::Tensor& logits) {
  XLT_CHECK(logits.scalar_type() == at::kFloat && logits.stride(1) == 1, "logits are float32 rows");
  const int64_t rows = hidden.size(0), stride = logits.stride(0);
  float* to = logits.mutable_data_ptr<float>();
  matmul_blocks(hidden, weight, kColumns, [&](int64_t first, int64_t count, float* y) {
    at::Tensor block = as_tensor(y, rows, count);
    scale_and_cap(block, options);
    store(y, rows, count, to + first, stride);
  });
}

}  // namespace xlt::ops
