// SPDX-License-Identifier: Apache-2.0
// Attention by parts: the whole of them against the reference, with a plain kernel in place of
// FlashAttention's, and FlashAttention's own where there is a GPU.
#include "ops/attention/flash_attention.h"

#include "ops/attention/flash_forests.h"
#include "ops/op_testing.h"
#include "ops/reference.h"

#include <cmath>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "xlt/ops/attention/segment_attention.h"
#include "xlt/ops/cuda.h"

namespace xlt::ops {
namespace {

using xlt::testing::error_against;
using xlt::testing::normal;

// ---- a plain kernel: what VarlenAttention promises, sequence by sequence, in float32; what a tensor core
// multiplies and what it returns is rounded to q's type

at::Tensor rounded(const at::Tensor& x, at::ScalarType type) { return x.to(type).to(at::kFloat); }

class PlainKernel : public VarlenAttention {
 public:
  FlashResult forward(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const DevicePart& part,
                      double scale) const override {
    std::vector<at::Tensor> outs, lses;
    for (int64_t i = 0; i < num_sequences(part); ++i) {
      const Sequence s = sequence(i, q, k, v, part, scale);
      lses.push_back(s.logits.logsumexp(-1));
      outs.push_back(at::matmul(rounded(at::softmax(s.logits, -1), q.scalar_type()), s.v).transpose(0, 1));
    }
    return {at::cat(outs, 0).contiguous().to(q.scalar_type()), at::cat(lses, 1)};
  }

  FlashGradients backward(const at::Tensor& dout, const at::Tensor& q, const at::Tensor& k,
                          const at::Tensor& v, const FlashResult& result, const DevicePart& part,
                          double scale) const override {
    EXPECT_TRUE(result.lse.is_contiguous() && dout.is_contiguous() && result.out.is_contiguous());
    std::vector<at::Tensor> dq, dk, dv;
    const int64_t group = q.size(1) / k.size(1);
    const auto grouped = [&](const at::Tensor& x) {  // [H, m, D] → [m, K, D]
      return x.view({k.size(1), group, x.size(1), x.size(2)}).sum(1).transpose(0, 1);
    };
    for (int64_t i = 0; i < num_sequences(part); ++i) {
      const Sequence s = sequence(i, q, k, v, part, scale);
      const at::Tensor gradient = rows(dout, part.queries, i).transpose(0, 1).to(at::kFloat),
                       out = rows(result.out, part.queries, i).transpose(0, 1).to(at::kFloat),
                       lse = rows(result.lse.t(), part.queries, i).t();
      const at::Tensor p = at::exp(s.logits - lse.unsqueeze(2)), delta = (gradient * out).sum(-1, true);
      const at::Tensor ds = rounded(p * (at::matmul(gradient, s.v.transpose(1, 2)) - delta), q.scalar_type());
      dq.push_back((at::matmul(ds, s.k) * scale).transpose(0, 1));
      dk.push_back(grouped(at::matmul(ds.transpose(1, 2), s.q) * scale));
      dv.push_back(grouped(at::matmul(rounded(p, q.scalar_type()).transpose(1, 2), gradient)));
    }
    const at::ScalarType type = q.scalar_type();
    return {at::cat(dq, 0).to(type), at::cat(dk, 0).to(type), at::cat(dv, 0).to(type)};
  }

 private:
  struct Sequence {
    at::Tensor q, k, v, logits;  // [H, …, D], and [H, n, m]
  };
  static int64_t num_sequences(const DevicePart& part) { return part.queries.begins.size(0) - 1; }
  static at::Tensor rows(const at::Tensor& x, const DeviceRows& of, int64_t i) {
    const auto begin = of.begins[i].item<int64_t>(), end = of.begins[i + 1].item<int64_t>();
    EXPECT_TRUE(begin < end && end - begin <= of.longest);
    return x.narrow(0, begin, end - begin);
  }
  static Sequence sequence(int64_t i, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           const DevicePart& part, double scale) {
    EXPECT_EQ(q.size(0), part.queries.begins[-1].item<int64_t>());
    EXPECT_EQ(k.size(0), part.keys.begins[-1].item<int64_t>());
    const auto wide = [&](const at::Tensor& x) {
      return rows(x, part.keys, i).to(at::kFloat).transpose(0, 1).repeat_interleave(q.size(1) / k.size(1), 0);
    };
    Sequence s{rows(q, part.queries, i).to(at::kFloat).transpose(0, 1), wide(k), wide(v), {}};
    s.logits = at::matmul(s.q, s.k.transpose(1, 2)) * scale;
    if (part.is_causal)
      s.logits =
          s.logits.masked_fill(at::ones({s.logits.size(1), s.logits.size(2)}, at::kBool).triu(1), -INFINITY);
    return s;
  }
};

// ---- parts against the whole

// What it is in float64, at inputs q, k, v, with the gradients of Σ result·dout.
xlt::testing::Derivatives in_float64(const AttentionPlan& plan, const AttentionOptions& options,
                                     const std::vector<at::Tensor>& inputs, const at::Tensor& dout) {
  std::vector<at::Tensor> wide;
  for (const at::Tensor& input : inputs) wide.push_back(input.to(at::kCPU, at::kDouble));
  return xlt::testing::differentiate(
      [&](const std::vector<at::Tensor>& x) {
        return reference::segment_attention(x[0], x[1], x[2], plan, options);
      },
      wide, dout.to(at::kCPU, at::kDouble));
}

double norm_error(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor there = a.to(at::kCPU, at::kDouble);
  return ((there - b).norm() / b.norm()).item<double>();
}

// Over all elements, a result in half precision may be off by one step of the type, a gradient by two: the
// weights and dS are rounded to it before they are multiplied, and so is what each part gives.
void expect_as_near_as_the_type_allows(const xlt::testing::Derivatives& ours,
                                       const xlt::testing::Derivatives& whole, at::ScalarType type) {
  const double step = xlt::testing::epsilon_of(type);
  EXPECT_EQ(ours.value.scalar_type(), type);
  EXPECT_LE(norm_error(ours.value, whole.value), step);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(ours.gradients[i].scalar_type(), type);
    EXPECT_LE(norm_error(ours.gradients[i], whole.gradients[i]), 2 * step) << "gradient " << i;
  }
}

class FlashForests : public ::testing::TestWithParam<Forest> {};

TEST_P(FlashForests, PartsGiveTheResultAndTheGradientsOfTheWhole) {
  const auto& [name, plan, num_keys] = GetParam();
  const AttentionOptions options{.scale = 0.4};
  ASSERT_TRUE(fits_flash(*plan, options));
  for (const int64_t key_heads : {4, 2, 1}) {
    const at::Tensor q = normal({num_queries(*plan), 4, 16}, 1, at::kFloat),
                     k = normal({num_keys, key_heads, 16}, 2, at::kFloat),
                     v = normal({num_keys, key_heads, 16}, 3, at::kFloat),
                     dout = normal(q.sizes(), 4, at::kFloat);
    const auto whole = in_float64(*plan, options, {q, k, v}, dout);
    const PlainKernel kernel;
    const DeviceParts parts = device_parts(*plan, at::kCPU);
    const FlashResult result = flash_forward(kernel, q, k, v, parts, options.scale);
    EXPECT_LE(error_against(result.out, whole.value), 1e-5);
    const FlashGradients gradients = flash_backward(kernel, dout, q, k, v, result, parts, options.scale);
    EXPECT_LE(error_against(gradients.dq, whole.gradients[0]), 1e-5);
    EXPECT_LE(error_against(gradients.dk, whole.gradients[1]), 1e-5);
    EXPECT_LE(error_against(gradients.dv, whole.gradients[2]), 1e-5);
  }
}

TEST_P(FlashForests, HalfPrecisionCostsWhatItsRoundingsCost) {
  const auto& [name, plan, num_keys] = GetParam();
  const DeviceParts parts = device_parts(*plan, at::kCPU);
  const PlainKernel kernel;
  for (const at::ScalarType type : {at::kBFloat16, at::kHalf}) {
    const at::Tensor q = normal({num_queries(*plan), 4, 64}, 1, type), k = normal({num_keys, 2, 64}, 2, type),
                     v = normal({num_keys, 2, 64}, 3, type), dout = normal(q.sizes(), 4, type);
    const FlashResult result = flash_forward(kernel, q, k, v, parts, 0.125);
    const FlashGradients gradients = flash_backward(kernel, dout, q, k, v, result, parts, 0.125);
    expect_as_near_as_the_type_allows({result.out, {gradients.dq, gradients.dk, gradients.dv}},
                                      in_float64(*plan, {.scale = 0.125}, {q, k, v}, dout), type);
  }
}

// Far larger logits with one part than with the other: neither overflows, and the other weighs nothing.
TEST(FlashMerge, HoldsFarApartLogits) {
  const auto plan = forest({{-1, 4}, {0, 4}});
  const AttentionOptions options{.scale = 1};
  for (const double prompt : {-60.0, 60.0}) {
    at::Tensor k = at::ones({8, 1, 8});
    k.narrow(0, 0, 4).mul_(prompt);
    const at::Tensor q = at::ones({8, 1, 8}), v = normal({8, 1, 8}, 3, at::kFloat);
    const FlashResult result = flash_forward(PlainKernel(), q, k, v, device_parts(*plan, at::kCPU), 1.0);
    EXPECT_LE(error_against(result.out, reference::segment_attention(q, k, v, *plan, options)), 1e-5);
  }
}

INSTANTIATE_TEST_SUITE_P(All, FlashForests, ::testing::ValuesIn(forests()),
                         [](const auto& info) { return info.param.name; });

// ---- FlashAttention's own kernels

class OnCudaFlash : public ::testing::TestWithParam<std::tuple<Forest, at::ScalarType>> {
 protected:
  void SetUp() override {
    if (const std::string why = why_no_cuda(); !why.empty()) GTEST_SKIP() << why;
  }
};

TEST_P(OnCudaFlash, IsAsNearToFloat64AsTheTypeAllows) {
  const auto& [forest, type] = GetParam();
  // The forests live until the program's end, when CUDA's memory can no longer be given back: what the ops
  // keep beside a plan is kept beside this one.
  const auto plan = std::make_shared<const AttentionPlan>(*forest.plan);
  const int64_t num_rows = num_queries(*plan);
  using Shape = std::pair<int64_t, int64_t>;  // heads of keys, D
  for (const auto& [key_heads, head_dim] : {Shape{4, 64}, Shape{2, 128}, Shape{1, 40}, Shape{2, 256}}) {
    SCOPED_TRACE(head_dim);
    const AttentionOptions options{.scale = 1 / std::sqrt(static_cast<double>(head_dim))};
    const std::vector<at::Tensor> inputs = {
        normal({num_rows, 4, head_dim}, 1, type).to(at::kCUDA),
        normal({forest.num_keys, key_heads, head_dim}, 2, type).to(at::kCUDA),
        normal({forest.num_keys, key_heads, head_dim}, 3, type).to(at::kCUDA)};
    const at::Tensor dout = normal({num_rows, 4, head_dim}, 4, type).to(at::kCUDA);
    ASSERT_TRUE(runs_on_flash(inputs[0], inputs[1], inputs[2], *plan, options));
    const auto ours = xlt::testing::differentiate(
        [&](const std::vector<at::Tensor>& x) { return segment_attention(x[0], x[1], x[2], plan, options); },
        inputs, dout);
    expect_as_near_as_the_type_allows(ours, in_float64(*plan, options, inputs, dout), type);
  }
}

TEST(OnCudaFlashOptions, WithAWindowOrACapItIsOurOwnKernels) {
  if (const std::string why = why_no_cuda(); !why.empty()) GTEST_SKIP() << why;
  const auto plan = forest({{-1, 40}, {0, 9}, {0, 33}});
  const at::Tensor x = normal({82, 4, 64}, 1, at::kBFloat16).to(at::kCUDA);
  for (const AttentionOptions& options :
       {AttentionOptions{.scale = 0.125, .window = 10}, AttentionOptions{.scale = 0.125, .softcap = 5}}) {
    EXPECT_FALSE(runs_on_flash(x, x, x, *plan, options));
    EXPECT_LE(
        norm_error(segment_attention(x, x, x, plan, options), in_float64(*plan, options, {x, x, x}, x).value),
        xlt::testing::epsilon_of(at::kBFloat16));
  }
}

INSTANTIATE_TEST_SUITE_P(All, OnCudaFlash,
                         ::testing::Combine(::testing::ValuesIn(forests()),
                                            ::testing::Values(at::kBFloat16, at::kHalf)),
                         [](const auto& info) {
                           return std::get<0>(info.param).name + "_" +
                                  std::string(toString(std::get<1>(info.param)));
                         });

}  // namespace
}  // namespace xlt::ops
