// SPDX-License-Identifier: Apache-2.0
// Linear: dense and quantised weights, adapters on either, masks that stay with their rows; a toy weight and
// a toy adapter show that a new kind of either needs nothing else changed.
#include "xlt/nn/linear.h"

#include <functional>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/nn/lora_adapter.h"
#include "xlt/nn/token_batch.h"
#include "xlt/ops/matmul/linear.h"

namespace xlt {
namespace {

using Ids = std::vector<int64_t>;

// Every value is −1, 0 or 1 times the largest of its row.
class TernaryWeight : public QuantizedWeight {
 public:
  explicit TernaryWeight(const at::Tensor& weight)
      : scale_(weight.abs().amax(1, true)), codes_(at::round(weight / scale_).to(at::kChar)) {}
  int64_t out_features() const override { return codes_.size(0); }
  int64_t in_features() const override { return codes_.size(1); }
  at::Device device() const override { return codes_.device(); }
  at::Tensor product(const at::Tensor& x) const override {
    return ops::linear(x, dequantize(x.scalar_type()));
  }
  at::Tensor dequantize(at::ScalarType dtype) const override { return (codes_ * scale_).to(dtype); }

 private:
  at::Tensor scale_, codes_;
};
class Ternary : public Quantization {
 public:
  std::shared_ptr<const QuantizedWeight> quantize(const at::Tensor& weight) const override {
    return std::make_shared<TernaryWeight>(weight);
  }
};

// y = s ⊙ (x·Wᵀ), as (IA)³ has it.
class RowScale : public LinearAdapter {
 public:
  explicit RowScale(at::Tensor scale) : scale_(std::move(scale)) {}
  at::Tensor forward(const at::Tensor& x, const LinearWeight& weight, const at::Tensor& bias,
                     const ops::Dropout&) const override {
    const at::Tensor y = product(x, weight) * scale_;
    return bias.defined() ? y + bias : y;
  }
  void visit_tensors(const TensorVisitor& take) override { take("row_scale", scale_); }
  at::Tensor merged(const at::Tensor& weight) const override { return weight * scale_.unsqueeze(1); }

 private:
  at::Tensor scale_;  // [out]
};

std::unique_ptr<Quantization> nf4() { return find_entry(quantizations(), "quantization", "nf4").make(); }

std::unique_ptr<LoraAdapter> lora(int64_t out, int64_t in, double dropout = 0, uint64_t module = 1) {
  auto adapter = std::make_unique<LoraAdapter>(at::randn({3, in}).set_requires_grad(true),
                                               at::randn({out, 3}).set_requires_grad(true), /*scale=*/0.5);
  adapter->dropout = dropout;
  adapter->module = module;
  return adapter;
}

void expect_close(const at::Tensor& a, const at::Tensor& b, double tolerance = 1e-5) {
  EXPECT_LE((a - b).abs().max().item<double>(), tolerance * b.abs().max().item<double>());
}

TEST(Linear, MultipliesAddsItsBiasAndListsBoth) {
  const at::Tensor x = at::randn({4, 70}), weight = at::randn({5, 70}), bias = at::randn({5});
  Linear layer(weight, bias);
  expect_close(layer.forward(x, {}), at::linear(x, weight, bias));
  EXPECT_EQ(layer.in_features(), 70);
  EXPECT_EQ(layer.out_features(), 5);
  std::vector<std::string> names;
  layer.visit_parameters([&](const char* name, at::Tensor& tensor) {
    names.push_back(name);
    tensor = at::zeros_like(tensor);  // as a loader does
  });
  EXPECT_EQ(names, (std::vector<std::string>{"weight", "bias"}));
  EXPECT_EQ(layer.forward(x, {}).abs().max().item<double>(), 0);
}

// Values and every gradient of a layer against the same layer on its dequantised weight.
void expect_as_dequantized(const Quantization& quantization, std::unique_ptr<LinearAdapter> adapter,
                           std::unique_ptr<LinearAdapter> same) {
  const at::Tensor bias = at::randn({66});
  Linear layer(at::randn({66, 130}) / 10, bias);
  layer.quantize(quantization);
  EXPECT_TRUE(layer.is_quantized());
  EXPECT_THROW(layer.quantize(quantization), Error);
  EXPECT_EQ(layer.out_features(), 66);
  EXPECT_EQ(layer.in_features(), 130);
  std::vector<std::string> names;
  layer.visit_parameters([&](const char* name, at::Tensor&) { names.push_back(name); });
  EXPECT_EQ(names, (std::vector<std::string>{"bias"}));

  Linear dequantized(layer.dense_weight(at::kFloat), bias);
  if (adapter) layer.attach(std::move(adapter));
  if (same) dequantized.attach(std::move(same));
  const at::Tensor values = at::randn({7, 130}), slope = at::randn({7, 66});
  const DropoutKeys keys{3, at::arange(7, at::kLong)};
  std::vector<at::Tensor> results[2];
  for (const int which : {0, 1}) {
    Linear& of = which == 0 ? layer : dequantized;
    const at::Tensor x = values.clone().set_requires_grad(true);
    const at::Tensor y = of.forward(x, keys);
    (y * slope).sum().backward();
    results[which] = {y.detach(), x.grad()};
    if (of.adapter() != nullptr)
      of.adapter()->visit_tensors(
          [&](const char*, at::Tensor& tensor) { results[which].push_back(tensor.grad()); });
  }
  for (size_t i = 0; i < results[0].size(); ++i) expect_close(results[0][i], results[1][i]);
}

template <typename Adapter>
std::unique_ptr<LinearAdapter> copy_of(Adapter& adapter) {
  auto copy =
      std::make_unique<LoraAdapter>(adapter.a.detach().clone().set_requires_grad(true),
                                    adapter.b.detach().clone().set_requires_grad(true), adapter.scale);
  copy->dropout = adapter.dropout;
  copy->module = adapter.module;
  return copy;
}

TEST(Linear, Nf4GivesWhatItsDequantizedWeightGives) { expect_as_dequantized(*nf4(), nullptr, nullptr); }

TEST(Linear, LoraOnNf4GivesTheGradientsOfTheDequantizedComputation) {
  for (const double dropout : {0.0, 0.4}) {
    auto adapter = lora(66, 130, dropout);
    auto same = copy_of(*adapter);
    expect_as_dequantized(*nf4(), std::move(adapter), std::move(same));
  }
}

TEST(Linear, AToyQuantizationNeedsNoOtherFile) {
  expect_as_dequantized(Ternary(), nullptr, nullptr);
  auto adapter = lora(66, 130);
  auto same = copy_of(*adapter);
  expect_as_dequantized(Ternary(), std::move(adapter), std::move(same));
}

TEST(Linear, AToyAdapterNeedsNoOtherFile) {
  const at::Tensor x = at::randn({4, 8}), weight = at::randn({5, 8}), scale = at::randn({5});
  for (const bool is_quantized : {false, true}) {
    Linear layer(weight);
    if (is_quantized) layer.quantize(Ternary());
    const at::Tensor base = layer.forward(x, {});
    layer.attach(std::make_unique<RowScale>(scale));
    expect_close(layer.forward(x, {}), base * scale);
    EXPECT_EQ(lora_of(layer), nullptr);
    layer.merge_adapter(at::kFloat);
    expect_close(layer.forward(x, {}), base * scale);
  }
}

TEST(Linear, AnAdapterIsSwitchedOffAndMerged) {
  const at::Tensor x = at::randn({4, 64}), weight = at::randn({128, 64});
  for (const bool is_quantized : {false, true}) {
    Linear layer(weight);
    if (is_quantized) layer.quantize(*nf4());
    const at::Tensor base = layer.forward(x, {});
    layer.attach(lora(128, 64));
    const at::Tensor adapted = layer.forward(x, {}).detach();
    EXPECT_GT((adapted - base).abs().max().item<double>(), 0.1);
    layer.set_adapter_enabled(false);
    EXPECT_TRUE(layer.forward(x, {}).equal(base));
    layer.set_adapter_enabled(true);
    EXPECT_EQ(layer.merge_adapter(at::kFloat), 0);
    EXPECT_EQ(layer.adapter(), nullptr);
    EXPECT_FALSE(layer.is_quantized());
    expect_close(layer.forward(x, {}), adapted);
  }
}

TEST(Linear, MergingInBfloat16ReportsWhatRoundingCost) {
  Linear layer(at::ones({4, 4}));
  layer.attach(lora(4, 4));
  const double error = layer.merge_adapter(at::kBFloat16);
  EXPECT_GT(error, 0);
  EXPECT_LE(error, 1.0 / 256);  // half a unit of 8 bits
}

// ---- masks

// What a layer without a weight of its own does to ones: the mask, through the adapter.
at::Tensor mask_of(const TokenBatch& batch, uint64_t module = 1) {
  Linear layer(at::zeros({70, 70}));
  auto adapter = std::make_unique<LoraAdapter>(at::eye(70), at::eye(70), 1.0);
  adapter->dropout = 0.5;
  adapter->module = module;
  layer.attach(std::move(adapter));
  return layer.forward(at::ones({batch.num_tokens(), 70}), batch.dropout_keys(at::kCPU)) != 0;
}

TEST(DropoutMasks, ARowGetsTheSameMaskAmongOtherNeighbours) {
  TokenBatch alone, among;
  alone.name_segment(alone.add(Ids{7, 8, 9}), 42);
  among.name_segment(among.add(Ids{1, 2}), 17);
  const int64_t parent = among.add(Ids{3});
  among.name_segment(among.add(Ids{7, 8, 9}), 42);
  among.name_segment(among.add(Ids{4}, parent), 18);
  alone.set_dropout(5);
  among.set_dropout(5);
  const at::Tensor own = mask_of(alone), together = mask_of(among);
  EXPECT_TRUE(own.equal(together.narrow(0, 3, 3)));
  // Tokens, segments, passes and modules all have masks of their own.
  EXPECT_FALSE(own[0].equal(own[1]));
  EXPECT_FALSE(together[0].equal(own[0]));
  EXPECT_FALSE(mask_of(alone, 2).equal(own));
  alone.set_dropout(6);
  EXPECT_FALSE(mask_of(alone).equal(own));
}

TEST(DropoutMasks, SegmentsWithoutNamesDifferAndNoKeysMeanNoDropout) {
  TokenBatch batch;
  batch.add(Ids{1});
  batch.add(Ids{1});
  EXPECT_TRUE(mask_of(batch).all().item<bool>());
  batch.set_dropout(5);
  const at::Tensor mask = mask_of(batch);
  EXPECT_FALSE(mask[0].equal(mask[1]));
}

}  // namespace
}  // namespace xlt
