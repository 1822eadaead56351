// SPDX-License-Identifier: Apache-2.0
// The choice between our own kernel and MKL and oneDNN, both inside libtorch.
#include "ops/matmul/matmul.h"

#include "ops/cpu_kernel.h"
#include "ops/dispatch.h"
#include "ops/matmul/gguf_kernels.h"

#include <algorithm>
#include <atomic>

#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>

#include "xlt/base/error.h"
#include "xlt/ops/matmul/gguf.h"
#include "xlt/ops/matmul/machine_rates.h"

namespace xlt::ops {
namespace {

// Whether oneDNN multiplies bfloat16 better than we do: by pairs where this was built without the kernels for
// them.
bool leaves_bf16_to_onednn() {
#if defined(__x86_64__) && defined(__GNUC__)
  static const bool kHasPairs = __builtin_cpu_supports("avx512bf16") != 0;
  return kHasPairs && !cpu_matmul_takes_pairs();
#else
  return false;
#endif
}

// Widens the weight a few rows at a time, so that the float32 copy stays in the cache and never doubles the
// model.
at::Tensor widened_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  constexpr int64_t kBlockElements = int64_t{1} << 19;
  const at::Tensor wide_x = x.to(at::kFloat);
  const int64_t out = weight.size(0);
  const int64_t block = std::clamp<int64_t>(kBlockElements / std::max<int64_t>(1, weight.size(1)), 16, out);
  at::Tensor y = at::empty({x.size(0), out}, x.options());
  for (int64_t begin = 0; begin < out; begin += block) {
    const int64_t count = std::min(block, out - begin);
    at::Tensor part = at::mm(wide_x, weight.narrow(0, begin, count).to(at::kFloat).t());
    if (bias.defined()) part.add_(bias.narrow(0, begin, count));
    y.narrow(1, begin, count).copy_(part);
  }
  return y;
}

std::atomic<int64_t> multiply_adds{0};
void count(int64_t rows, int64_t out, int64_t in) {
  multiply_adds.fetch_add(rows * out * in, std::memory_order_relaxed);
}
void count(const at::Tensor& x, const at::Tensor& weight) {
  if (x.is_cpu()) count(x.size(0), weight.size(0), x.size(1));
}

void check_sizes(const at::Tensor& x, const at::Tensor& weight) {
  XLT_CHECK(x.dim() == 2 && columns_of(weight) == x.size(1), "matrix product of ", x.sizes(),
            " and the transpose of ", weight.sizes());
}

bool lies_as_read(const at::Tensor& weight) {
  return is_gguf(weight) ? weight.is_contiguous() : weight.stride(0) == 1 || weight.stride(1) == 1;
}

// The operands as the kernel takes them, and what keeps them alive.
struct OwnOperands {
  OwnOperands(const at::Tensor& x, const at::Tensor& weight)
      : x(multiplies_pairs(x, weight) ? x : x.to(at::kFloat)),
        weight(lies_as_read(weight) ? weight : weight.contiguous()),
        dtype(kernel_dtype(is_gguf(weight) ? x : weight)) {
    check_sizes(x, weight);
    XLT_CHECK(x.is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == weight.scalar_type() ||
                             is_gguf(weight)),
              "x is ", x.toString(), ", the weight ", weight.toString());
  }
  CpuMatmul product() const {
    CpuMatmul product{};
    set_x(product, x);
    product.dtype = dtype;
    if (is_gguf(weight))
      set_gguf(product, weight);
    else
      set_weight(product, weight);
    return product;
  }
  at::Tensor x, weight;
  KernelDtype dtype;  // of the weight's values
};

// y ← x · weightᵀ, or y += that; y's columns contiguous.
void own_product(const at::Tensor& x, const at::Tensor& weight, at::Tensor& y, bool add) {
  const OwnOperands operands(x, weight);
  XLT_CHECK(y.size(0) == x.size(0) && y.size(1) == weight.size(0), "y ", y.sizes(), " for ", x.sizes(),
            " and the transpose of ", weight.sizes());
  CpuMatmul product = operands.product();
  set_y(product, y);
  product.add = add;
  cpu_matmul(product);
}

at::Tensor own_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  at::Tensor y = at::empty({x.size(0), weight.size(0)}, x.options());
  // Before the rounding: one of the product and one of the sum are twice the error where y is narrow.
  if (bias.defined()) y.copy_(bias.expand_as(y));
  own_product(x, weight, y, /*add=*/bias.defined());
  return y;
}

}  // namespace

bool multiplies_pairs(const at::Tensor& x, const at::Tensor& weight) {
  return x.scalar_type() == at::kBFloat16 && (weight.scalar_type() == at::kBFloat16 || is_gguf(weight)) &&
         cpu_matmul_takes_pairs();
}

bool multiplies_gguf(at::ScalarType x_dtype) {
  const bool is_read =
      x_dtype == at::kFloat || x_dtype == at::kHalf || (x_dtype == at::kBFloat16 && !leaves_bf16_to_onednn());
  return is_read && cpu_matmul_suits();
}

MatmulLibrary matmul_library_of(const at::Tensor& x, const at::Tensor& weight) {
  if (!weight.is_cpu()) return MatmulLibrary::kDevice;
  if (is_gguf(weight)) {
    XLT_CHECK(multiplies_gguf(x.scalar_type()), "a weight in blocks beside ", x.toString());
    return MatmulLibrary::kOwn;
  }
  if (x.scalar_type() == at::kDouble || weight.scalar_type() == at::kDouble) return MatmulLibrary::kMkl;
  if (x.scalar_type() == at::kBFloat16 && leaves_bf16_to_onednn()) return MatmulLibrary::kOnednnBf16;
  if (cpu_matmul_suits()) return MatmulLibrary::kOwn;
  return weight.scalar_type() == at::kFloat ? MatmulLibrary::kMkl : MatmulLibrary::kMklWidened;
}

// From how many rows on a row's bits no longer depend on the other rows. tests/ops/matmul/linear_test.cpp
// tries those that this machine uses.
int64_t invariant_rows_of(MatmulLibrary library) {
  switch (library) {
    case MatmulLibrary::kMkl:  // 12 with AVX2 (its tile has 12 rows)
    case MatmulLibrary::kMklWidened:
      return 16;
    case MatmulLibrary::kOnednnBf16:  // a single row runs in another kernel
      return 2;
    case MatmulLibrary::kOwn:
    case MatmulLibrary::kDevice:
      break;
  }
  return 1;
}

at::Tensor matmul_nt(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return matmul_nt(matmul_library_of(x, weight), x, weight, bias);
}

at::Tensor matmul_nt(MatmulLibrary library, const at::Tensor& x, const at::Tensor& weight,
                     const at::Tensor& bias) {
  check_sizes(x, weight);
  count(x, weight);
  if (x.numel() == 0 || weight.numel() == 0) return at::linear(x, values_of(weight, x.scalar_type()), bias);
  if (library == MatmulLibrary::kOwn) return own_linear(x, weight, bias);
  if (library == MatmulLibrary::kMklWidened) return widened_linear(x, weight, bias);
  return at::linear(x, weight, bias);
}

void add_matmul_nt(at::Tensor& y, const at::Tensor& x, const at::Tensor& weight) {
  const MatmulLibrary library = matmul_library_of(x, weight);
  if (library == MatmulLibrary::kOwn && y.stride(1) == 1 && x.numel() > 0 && weight.numel() > 0) {
    count(x, weight);
    own_product(x, weight, y, true);
  } else if (library == MatmulLibrary::kOwn || library == MatmulLibrary::kMklWidened) {
    y.add_(matmul_nt(library, x, weight));
  } else {
    count(x, weight);
    y.addmm_(x, weight.t());
  }
}

at::Tensor matmul_nf4(const at::Tensor& x, const Nf4Weight& weight, bool transposed) {
  const at::Tensor rows = x.to(at::kFloat);
  CpuMatmul product{};
  set_x(product, rows);
  product.weight = weight.codes.const_data_ptr();
  product.dtype = KernelDtype::kF32;
  product.nf4_absmax = weight.absmax.const_data_ptr<float>();
  product.out = transposed ? weight.in : weight.out;
  product.out_stride = transposed ? 1 : weight.in;
  product.in_stride = transposed ? weight.in : 1;
  at::Tensor y = at::empty({product.rows, product.out}, x.options());
  set_y(product, y);
  count(product.rows, product.out, product.in);
  cpu_matmul(product);
  return y;
}

void set_x(CpuMatmul& product, const at::Tensor& x) {
  product.x = x.const_data_ptr();
  product.x_dtype = kernel_dtype(x);
  product.rows = x.size(0);
  product.in = x.size(1);
  product.x_row_stride = x.stride(0);
  product.x_column_stride = x.stride(1);
}
void set_weight(CpuMatmul& product, const at::Tensor& weight) {
  product.weight = weight.const_data_ptr();
  product.dtype = kernel_dtype(weight);
  product.out = weight.size(0);
  product.out_stride = weight.stride(0);
  product.in_stride = weight.stride(1);
}
void set_gguf(CpuMatmul& product, const at::Tensor& weight) {
  product.weight = weight.const_data_ptr();
  product.gguf = gguf_type_of_block(weight.size(2));
  product.out = weight.size(0);
  product.out_stride = product.in;
  product.in_stride = 1;
}
void set_y(CpuMatmul& product, at::Tensor& y) {
  product.y = y.mutable_data_ptr();
  product.y_dtype = kernel_dtype(y);
  product.y_row_stride = y.stride(0);
}

void matmul_blocks(const at::Tensor& x, const at::Tensor& weight, int64_t columns, const OutputBlock& visit,
                   int64_t blocks_per_task) {
  const OwnOperands operands(x, weight);
  count(x, weight);
  cpu_matmul_blocks(operands.product(), columns, visit, blocks_per_task);
}

int64_t num_multiply_adds() { return multiply_adds.load(std::memory_order_relaxed); }

at::Tensor pad_rows(const at::Tensor& x, int64_t rows) {
  if (x.size(0) >= rows) return x;
  at::Tensor padded = at::zeros({rows, x.size(1)}, x.options());
  padded.narrow(0, 0, x.size(0)).copy_(x);
  return padded;
}

}  // namespace xlt::ops
