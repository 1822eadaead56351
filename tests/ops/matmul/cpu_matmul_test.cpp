// SPDX-License-Identifier: Apache-2.0
#include "ops/matmul/cpu_matmul.h"

#include "ops/matmul/matmul.h"
#include "ops/matmul/matmul_tiles_cpu.h"
#include "ops/op_testing.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"

namespace xlt::ops {
namespace {

using xlt::testing::same_bits;

// The kernels by tiles, run by the model of them, on any machine.
void multiply_along_model(const Chunk& chunk, const Panel* panels, int64_t num_panels,
                          const ChunkOutput& out) {
  multiply_along_by<ModelTiles>(chunk, panels, num_panels, out);
}
void multiply_across_model(const Chunk& chunk, const Panel* panels, int64_t num_panels,
                           const ChunkOutput& out) {
  multiply_across_by<ModelTiles>(chunk, panels, num_panels, out);
}
constexpr MatmulKernels kModelled = tile_kernels(multiply_along_model, multiply_across_model);

// Kernels of pairs to try: the machine's own (null), where it has any, and the model's.
std::vector<const MatmulKernels*> pair_kernels() {
  return cpu_matmul_takes_pairs() ? std::vector<const MatmulKernels*>{nullptr, &kModelled}
                                  : std::vector<const MatmulKernels*>{&kModelled};
}

struct Problem {
  at::Tensor x, weight, y;  // [rows, in], [out, in], [rows, out]
  bool add = false;
  bool narrow_vectors = false;
  const MatmulKernels* kernels = nullptr;

  at::Tensor exact() const {
    const at::Tensor product = at::linear(x.to(at::kDouble), weight.to(at::kDouble));
    return add ? y.to(at::kDouble) + product : product;
  }
  at::Tensor computed() const {
    at::Tensor result = y.clone();
    CpuMatmul product = operands();
    set_y(product, result);
    product.add = add;
    product.narrow_vectors = narrow_vectors;
    cpu_matmul(product);
    return result;
  }
  CpuMatmul operands() const {
    CpuMatmul product{};
    set_x(product, x);
    set_weight(product, weight);
    product.kernels = kernels;
    return product;
  }
  double error_of(const at::Tensor& result) const {
    return (result.to(at::kDouble) - exact()).abs().max().item<double>();
  }
  // Against float64, at most twice the error of the same product by libtorch in float32. With 24 rows and
  // more: for fewer, libtorch calls other routines, which sum in another order.
  void check() const {
    const at::Tensor padded = at::cat({x, at::zeros({24, x.size(1)})});
    at::Tensor naive = at::linear(padded, weight.to(at::kFloat)).narrow(0, 0, x.size(0));
    if (add) naive = y + naive;
    // The floor is for few elements, where the naive form may be lucky: three roundings' worth of a sum of
    // `in` terms.
    const double floor = 3e-6 * std::sqrt(static_cast<double>(x.size(1)));
    const at::Tensor result = computed();
    EXPECT_LE(error_of(result), 2 * error_of(naive) + floor) << x.sizes() << " by " << weight.sizes();
    Problem narrow = *this;
    narrow.narrow_vectors = true;
    EXPECT_TRUE(same_bits(narrow.computed(), result)) << x.sizes() << " by " << weight.sizes();
  }
};

Problem problem(int64_t rows, int64_t out, int64_t in, at::ScalarType dtype = at::kFloat) {
  return {at::randn({rows, in}), at::randn({out, in}).to(dtype), at::randn({rows, out})};
}

// The same in bfloat16.
Problem in_pairs(const Problem& wide, at::ScalarType y_type, const MatmulKernels* kernels) {
  Problem pairs = wide;
  pairs.kernels = kernels;
  pairs.x = wide.x.to(at::kBFloat16);
  pairs.weight = wide.weight.to(at::kBFloat16);
  pairs.y = wide.y.to(y_type);
  return pairs;
}

// Against float64, at most twice the error of the same product by libtorch, in y's type.
void check_pairs(const Problem& wide, const MatmulKernels* kernels) {
  for (const at::ScalarType y_type : {at::kFloat, at::kBFloat16}) {
    const Problem pairs = in_pairs(wide, y_type, kernels);
    at::Tensor naive = at::linear(pairs.x.to(y_type), pairs.weight.to(y_type));
    if (pairs.add) naive = pairs.y + naive;
    const double floor =
        (y_type == at::kFloat ? 3e-6 : 1e-2) * std::sqrt(static_cast<double>(wide.x.size(1)));
    EXPECT_LE(pairs.error_of(pairs.computed()), 2 * pairs.error_of(naive) + floor)
        << y_type << ", " << pairs.x.sizes() << " by " << pairs.weight.sizes();
  }
}

// y in half precision from float32 x: one rounding of what float32 y would hold.
void check_narrow_y(const Problem& wide) {
  Problem narrow = wide, whole = wide;
  narrow.y = wide.y.to(at::kBFloat16);
  whole.y = narrow.y.to(at::kFloat);
  EXPECT_TRUE(same_bits(narrow.computed(), whole.computed().to(at::kBFloat16)))
      << wide.x.sizes() << " by " << wide.weight.sizes();
}

using Shape = std::tuple<int64_t, int64_t, int64_t>;
class CpuMatmulOf : public ::testing::TestWithParam<Shape> {};

TEST_P(CpuMatmulOf, IsAsExactAsFloat32AllowsInEveryLayoutAndType) {
  const auto& [rows, out, in] = GetParam();
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16, at::kHalf}) {
    Problem plain = problem(rows, out, in, dtype);
    plain.check();
    Problem across = plain;  // the weight read across its rows, as gradients do
    across.weight = plain.weight.t().contiguous().t();
    across.check();
    across.x = plain.x.t().contiguous().t();
    across.check();
    plain.add = true;
    plain.check();
    across.add = true;
    across.check();
  }
}

// With and without an addition, along and across; by rows, by whole rows, and through float32 where there are
// more rows than are repacked at once (1,016 of 1,025 inputs).
TEST(CpuMatmul, RoundsHalfPrecisionOnce) {
  for (const auto& [rows, out, in] : {Shape{5, 33, 40}, Shape{30, 66, 1025}, Shape{97, 131, 1025},
                                      Shape{1030, 131, 1025}, Shape{9, 3000, 129}}) {
    for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
      Problem of = problem(rows, out, in, dtype);
      check_narrow_y(of);
      // One block of inputs: more of them are added to what y holds one after the other if it is float32.
      of.add = in <= 256;
      if (of.add) check_narrow_y(of);
      of.weight = of.weight.t().contiguous().t();
      check_narrow_y(of);
    }
  }
}

// Where a row of the weight does not begin on a lane's boundary.
TEST(CpuMatmul, ReadsPairsFromAnywhere) {
  const auto placed = [](const at::Tensor& values, int64_t beside, int64_t offset) {
    const int64_t rows = values.size(0), columns = values.size(1), stride = columns + beside;
    at::Tensor apart = at::full({rows * stride + offset}, std::nan(""), at::kBFloat16)
                           .as_strided({rows, columns}, {stride, 1}, offset);
    return apart.copy_(values);
  };
  for (const MatmulKernels* kernels : pair_kernels())
    for (const int64_t in : {10, 140})
      for (const int64_t beside : {1, 2})
        for (const int64_t offset : {0, 1}) {
          const Problem aligned = in_pairs(problem(9, 70, in), at::kBFloat16, kernels);
          Problem apart = aligned;
          apart.x = placed(aligned.x, beside, offset);
          apart.weight = placed(aligned.weight, beside, offset);
          EXPECT_TRUE(same_bits(apart.computed(), aligned.computed()))
              << in << " " << beside << " " << offset;
        }
}

TEST_P(CpuMatmulOf, MultipliesPairsOfBfloat16InEveryLayout) {
  const auto& [rows, out, in] = GetParam();
  for (const MatmulKernels* kernels : pair_kernels()) {
    if (kernels == &kModelled && rows % 8 != 1) continue;  // it takes its time
    Problem plain = problem(rows, out, in);
    check_pairs(plain, kernels);
    Problem across = plain;
    across.weight = plain.weight.t().contiguous().t();
    check_pairs(across, kernels);
    across.x = plain.x.t().contiguous().t();
    check_pairs(across, kernels);
    plain.add = across.add = true;
    check_pairs(plain, kernels);
    check_pairs(across, kernels);
  }
}

// Edges of tiles (4, 8, 16 and 32 outputs; 6, 12, 24 and 48 rows, and 40, for which there is none), few
// inputs (128), blocks of inputs (256 and 1,024), chunks (64 outputs) and many panels (49 rows).
INSTANTIATE_TEST_SUITE_P(Edges, CpuMatmulOf,
                         ::testing::Combine(::testing::Values(1, 4, 9, 12, 13, 24, 25, 33, 40, 41, 48, 49),
                                            ::testing::Values(1, 3, 4, 8, 12, 16, 33, 66, 130),
                                            ::testing::Values(1, 7, 128, 129, 257, 1025)));
// A weight too large for each thread to go over all of it, and a small one with more rows than stay beside
// it.
INSTANTIATE_TEST_SUITE_P(ByOutputs, CpuMatmulOf,
                         ::testing::Combine(::testing::Values(1, 25, 97), ::testing::Values(131, 320),
                                            ::testing::Values(1025)));
INSTANTIATE_TEST_SUITE_P(ManyRows, CpuMatmulOf,
                         ::testing::Values(Shape{311, 34, 300}, Shape{311, 34, 100}, Shape{513, 131, 2049},
                                           Shape{1030, 131, 2051}));

void expect_rows_alone_equal_rows_together(const Problem& all) {
  const at::Tensor together = all.computed();
  const int threads = at::get_num_threads();
  for (const int64_t count : {1, 2, 5, 6, 8, 9, 12, 24, 25, 26, 40, 49, 54, 100}) {
    Problem part = all;
    part.x = all.x.narrow(0, 150 - count, count);
    part.y = all.y.narrow(0, 150 - count, count);
    at::set_num_threads(count % 2 == 0 ? 1 : threads);
    EXPECT_TRUE(same_bits(part.computed(), together.narrow(0, 150 - count, count))) << count;
  }
  at::set_num_threads(threads);
}

TEST(CpuMatmul, ARowIsTheSameBitsInAnyCompanyAndOnAnyNumberOfThreads) {
  expect_rows_alone_equal_rows_together(problem(150, 333, 1300));
  expect_rows_alone_equal_rows_together(problem(150, 333, 100));
  expect_rows_alone_equal_rows_together(problem(150, 64, 640));
  expect_rows_alone_equal_rows_together(problem(150, 333, 1301, at::kBFloat16));
  Problem across = problem(150, 333, 700);
  across.weight = across.weight.t().contiguous().t();
  expect_rows_alone_equal_rows_together(across);
  across.weight = across.weight.narrow(0, 0, 64);
  across.y = across.y.narrow(1, 0, 64).contiguous();
  expect_rows_alone_equal_rows_together(across);
  if (cpu_matmul_takes_pairs())
    for (const at::ScalarType y_type : {at::kFloat, at::kBFloat16}) {
      expect_rows_alone_equal_rows_together(in_pairs(problem(150, 333, 2601), y_type, nullptr));
      expect_rows_alone_equal_rows_together(in_pairs(problem(150, 64, 640), y_type, nullptr));
      expect_rows_alone_equal_rows_together(in_pairs(across, y_type, nullptr));
    }
  expect_rows_alone_equal_rows_together(in_pairs(problem(150, 35, 2085), at::kBFloat16, &kModelled));
  expect_rows_alone_equal_rows_together(in_pairs(across, at::kFloat, &kModelled));
}

void expect_blocks_as_the_whole(const Problem& whole) {
  at::Tensor blocks = at::zeros_like(whole.y);
  cpu_matmul_blocks(whole.operands(), 102, [&](int64_t first, int64_t count, float* y) {
    blocks.narrow(1, first, count).copy_(at::from_blob(y, {whole.x.size(0), count}, at::kFloat));
  });
  EXPECT_TRUE(same_bits(blocks, whole.computed())) << whole.x.sizes();
}

TEST(CpuMatmul, BlocksHoldTheSameBitsAsTheWhole) {
  for (const int64_t in : {100, 640, 1300}) {
    for (const bool is_across : {false, true}) {
      Problem whole = problem(30, 333, in);
      if (is_across) whole.weight = whole.weight.t().contiguous().t();
      expect_blocks_as_the_whole(whole);
      Problem halves = whole;
      halves.weight = whole.weight.to(at::kBFloat16);
      expect_blocks_as_the_whole(halves);
      for (const MatmulKernels* kernels : pair_kernels())
        expect_blocks_as_the_whole(in_pairs(whole, at::kFloat, kernels));
    }
  }
}

TEST(CpuMatmul, ReadsNothingOfYUnlessItAdds) {
  for (const int64_t out : {9, 131}) {
    Problem of_nan = problem(30, out, 1300);
    of_nan.y.fill_(std::nan(""));
    of_nan.check();
    const auto is_finite = [](const Problem& of) { return of.computed().isfinite().all().item<bool>(); };
    for (const MatmulKernels* kernels : pair_kernels())
      EXPECT_TRUE(is_finite(in_pairs(of_nan, at::kBFloat16, kernels)));
    of_nan.weight = of_nan.weight.t().contiguous().t();
    of_nan.check();
  }
}

// An odd number of inputs: the pair of the last one holds nothing of what lies beside it.
TEST(CpuMatmul, PairsEndWithTheInputs) {
  for (const MatmulKernels* kernels : pair_kernels())
    for (const int64_t in : {1, 9, 601}) {
      Problem inside = in_pairs(problem(7, 70, in), at::kBFloat16, kernels);
      const auto beside_nan = [](const at::Tensor& values) {
        at::Tensor wide = at::full({values.size(0) + 1, values.size(1) + 1}, std::nan(""), values.options());
        wide.narrow(0, 0, values.size(0)).narrow(1, 0, values.size(1)).copy_(values);
        return wide.narrow(0, 0, values.size(0)).narrow(1, 0, values.size(1));
      };
      const at::Tensor expected = inside.computed();
      inside.x = beside_nan(inside.x);
      inside.weight = beside_nan(inside.weight);
      EXPECT_TRUE(same_bits(inside.computed(), expected)) << in;
      inside.weight = inside.weight.t().contiguous().t();
      inside.weight = beside_nan(inside.weight.t()).t();
      inside.x = beside_nan(inside.x.t().contiguous()).t();
      EXPECT_TRUE(at::allclose(inside.computed(), expected, 1e-2, 1e-2)) << in;
    }
}

// As they lie or widened, along, across and turned; an odd number of inputs with NaN beside them; rows that
// do not begin on a lane's boundary.
TEST(CpuMatmul, WeightsInHalfPrecisionGiveTheBitsOfTheirFloat32Values) {
  if (!cpu_matmul_suits()) GTEST_SKIP() << "no AVX2";
  for (const auto& [rows, out, in] : {Shape{1, 3, 1}, Shape{7, 70, 9}, Shape{9, 70, 601},
                                      Shape{25, 131, 1025}, Shape{41, 66, 1300}, Shape{150, 333, 2051}})
    for (const at::ScalarType dtype : {at::kBFloat16, at::kHalf})
      for (const bool narrow_vectors : {false, true}) {
        Problem halves = problem(rows, out, in, dtype), floats = halves;
        halves.narrow_vectors = floats.narrow_vectors = narrow_vectors;
        floats.weight = halves.weight.to(at::kFloat);
        const at::Tensor expected = floats.computed();
        at::Tensor wide = at::full({out + 1, in + 2}, std::nan(""), halves.weight.options());
        wide.narrow(0, 0, out).narrow(1, 1, in).copy_(halves.weight);
        halves.weight = wide.narrow(0, 0, out).narrow(1, 1, in);
        EXPECT_TRUE(same_bits(halves.computed(), expected))
            << dtype << " " << rows << " " << out << " " << in;
        halves.weight = floats.weight.t().contiguous().t().to(dtype);
        floats.weight = halves.weight.to(at::kFloat);
        EXPECT_TRUE(same_bits(halves.computed(), floats.computed())) << dtype << " " << rows << " " << out;
      }
}

TEST(CpuMatmul, MoreThreadsThanWork) {
  const int threads = at::get_num_threads();
  for (const auto& [rows, out, in] :
       {std::tuple(9, 9, 40), std::tuple(1, 3, 1025), std::tuple(3, 200, 1025)}) {
    const Problem one = problem(rows, out, in);
    const at::Tensor expected = one.computed();
    const bool has_pairs = cpu_matmul_takes_pairs();
    const Problem pairs = in_pairs(one, at::kBFloat16, nullptr);
    const at::Tensor expected_pairs = has_pairs ? pairs.computed() : at::Tensor();
    at::set_num_threads(7);
    EXPECT_TRUE(same_bits(one.computed(), expected)) << rows;
    if (has_pairs) {
      EXPECT_TRUE(same_bits(pairs.computed(), expected_pairs)) << rows;
    }
    at::set_num_threads(threads);
  }
}

TEST(CpuMatmul, WritesNothingBesideItsColumns) {
  Problem inside = problem(5, 6, 9);
  const at::Tensor wide = at::full({5, 20}, 7.0f);
  inside.y = wide.narrow(1, 4, 6);
  at::Tensor target = wide.narrow(1, 4, 6);
  cpu_matmul({inside.x.const_data_ptr<float>(), 5, 9, 9, 1, inside.weight.const_data_ptr(), KernelDtype::kF32,
              6, 9, 1, target.mutable_data_ptr<float>(), target.stride(0)});
  EXPECT_TRUE(at::allclose(target.to(at::kDouble), inside.exact(), 1e-5, 1e-5));
  EXPECT_EQ((wide == 7.0f).sum().item<int64_t>(), 5 * 14);
}

TEST(CpuMatmul, WritesNothingOfANarrowYBesideItsColumns) {
  for (const auto& [rows, out, in] : {Shape{5, 6, 9}, Shape{5, 131, 1025}}) {
    Problem inside = problem(rows, out, in);
    const at::Tensor wide = at::full({rows, out + 20}, 7.0f, at::kBFloat16);
    CpuMatmul product = inside.operands();
    product.y = wide.narrow(1, 4, out).mutable_data_ptr();
    product.y_dtype = KernelDtype::kBf16;
    product.y_row_stride = out + 20;
    cpu_matmul(product);
    EXPECT_TRUE(at::allclose(wide.narrow(1, 4, out).to(at::kDouble), inside.exact(), 1e-2, 1e-2));
    EXPECT_TRUE((wide.narrow(1, 0, 4) == 7.0f).all().item<bool>());
    EXPECT_TRUE((wide.narrow(1, out + 4, 16) == 7.0f).all().item<bool>());
  }
}

TEST(CpuMatmul, RefusesTypesThatItDoesNotMultiply) {
  Problem of = problem(3, 4, 5);
  CpuMatmul product = of.operands();
  product.y = of.y.mutable_data_ptr();
  product.y_row_stride = 4;
  const auto refused = [](CpuMatmul changed, KernelDtype CpuMatmul::*member, KernelDtype dtype) {
    changed.*member = dtype;
    EXPECT_THROW(cpu_matmul(changed), Error);
    EXPECT_THROW(cpu_matmul_blocks(changed, 2, [](int64_t, int64_t, float*) {}), Error);
  };
  refused(product, &CpuMatmul::x_dtype, KernelDtype::kF16);
  refused(product, &CpuMatmul::x_dtype, KernelDtype::kBf16);  // by float32
  refused(product, &CpuMatmul::y_dtype, KernelDtype::kF64);
  refused(product, &CpuMatmul::dtype, KernelDtype::kF64);
}

TEST(CpuMatmul, Nf4WeightsGiveTheBitsOfTheirFloat32Values) {
  if (!cpu_matmul_suits()) GTEST_SKIP() << "no AVX2";
  for (const auto& [rows, out, in] :
       {Shape{1, 96, 640}, Shape{5, 33, 35}, Shape{40, 70, 100}, Shape{200, 640, 1100}}) {
    const Nf4Weight weight = nf4_quantize(at::randn({out, in}));
    const at::Tensor values = nf4_dequantize(weight, at::kFloat), x = at::randn({rows, in}),
                     gradient = at::randn({rows, out});
    EXPECT_TRUE(same_bits(matmul_nf4(x, weight, false), matmul_nt(MatmulLibrary::kOwn, x, values)));
    EXPECT_TRUE(
        same_bits(matmul_nf4(gradient, weight, true), matmul_nt(MatmulLibrary::kOwn, gradient, values.t())));
  }
}

}  // namespace
}  // namespace xlt::ops
