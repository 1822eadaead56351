// SPDX-License-Identifier: Apache-2.0
// A million scales a weight at most: nothing here is worth a kernel.
#include "xlt/ops/matmul/nf4_scales.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/mean.h>

namespace xlt::ops {
namespace {

constexpr int64_t kScalesAScale = 256;            // scales that share a scale
constexpr int64_t kDecades = 7, kGrid = 1 << 16;  // powers of ten among the levels; see nearest_levels

// bitsandbytes' CPU code looks levels up by the scaled value rounded to one of 65,536 steps, and so does
// this: midway between two levels the nearest step decides. [step] → code
const std::array<uint8_t, kGrid>& nearest_levels() {
  static const auto kNearest = [] {
    const at::Tensor levels = dynamic_levels();
    const float* level = levels.const_data_ptr<float>();
    std::array<uint8_t, kGrid> nearest;
    for (int64_t step = 0, code = 0; step < kGrid; ++step) {
      const double value = 2.0 * static_cast<double>(step) / (kGrid - 1) - 1;
      while (code < 255 && std::abs(value - level[code + 1]) < std::abs(value - level[code])) ++code;
      nearest[step] = static_cast<uint8_t>(code);
    }
    return nearest;
  }();
  return kNearest;
}

// As one thread adds them up, whatever the number of threads: with several, libtorch's sum depends on it.
float mean_of(const at::Tensor& values) {
  float mean = 0;
  at::parallel_for(0, 2, 1, [&](int64_t begin, int64_t) {
    if (begin == 0) mean = values.mean().item<float>();
  });
  return mean;
}

void quantize_block(const float* x, int64_t count, uint8_t* codes, float* absmax) {
  float largest = 0;
  for (int64_t i = 0; i < count; ++i) largest = std::max(largest, std::abs(x[i]));
  *absmax = largest;
  const float factor = largest > 0 ? 1 / largest : 0;
  constexpr float kHalf = (kGrid - 1) / 2.0f;
  for (int64_t i = 0; i < count; ++i) {
    const auto step = static_cast<int64_t>((x[i] * factor + 1) * kHalf + 0.5f);
    // Of a block of zeros any code would do: bitsandbytes' is 0.
    codes[i] = largest > 0 ? nearest_levels()[std::clamp<int64_t>(step, 0, kGrid - 1)] : 0;
  }
}

}  // namespace

at::Tensor dynamic_levels() {
  std::vector<float> levels = {0.0f, 1.0f};
  for (int64_t decade = 0; decade < kDecades; ++decade) {
    const int64_t count = int64_t{1} << decade;
    const at::Tensor bounds = at::linspace(0.1, 1, count + 1, at::kFloat);
    const at::Tensor middles = (bounds.narrow(0, 0, count) + bounds.narrow(0, 1, count)) / 2.0 *
                               std::pow(10.0, static_cast<double>(decade - kDecades + 1));
    for (int64_t i = 0; i < count; ++i) {
      const float level = middles.const_data_ptr<float>()[i];
      levels.insert(levels.end(), {level, -level});
    }
  }
  std::sort(levels.begin(), levels.end());
  at::Tensor tensor = at::empty({static_cast<int64_t>(levels.size())}, at::kFloat);
  std::copy(levels.begin(), levels.end(), tensor.mutable_data_ptr<float>());
  return tensor;
}

Nf4Scales quantize_scales(const at::Tensor& scales) {
  const at::Tensor own = scales.detach().to(at::kCPU).contiguous();
  const int64_t count = own.numel();
  Nf4Scales result{at::empty({count}, at::kByte),
                   at::empty({(count + kScalesAScale - 1) / kScalesAScale}, at::kFloat)};
  if (count == 0) return result;
  result.offset = mean_of(own);
  const at::Tensor around = own - result.offset;
  const float* x = around.const_data_ptr<float>();
  for (int64_t begin = 0; begin < count; begin += kScalesAScale)
    quantize_block(x + begin, std::min(kScalesAScale, count - begin),
                   result.codes.mutable_data_ptr<uint8_t>() + begin,
                   result.absmax.mutable_data_ptr<float>() + begin / kScalesAScale);
  return result;
}

at::Tensor dequantize_scales(const Nf4Scales& scales) {
  const at::Tensor levels = dynamic_levels();
  const float* level = levels.const_data_ptr<float>();
  const auto* codes = scales.codes.const_data_ptr<uint8_t>();
  const auto* absmax = scales.absmax.const_data_ptr<float>();
  at::Tensor result = at::empty({scales.codes.numel()}, at::kFloat);
  float* to = result.mutable_data_ptr<float>();
  for (int64_t i = 0; i < result.numel(); ++i) to[i] = level[codes[i]] * absmax[i / kScalesAScale];
  return result.add_(scales.offset);  // apart, so that no compiler joins it to the product
}

}  // namespace xlt::ops
