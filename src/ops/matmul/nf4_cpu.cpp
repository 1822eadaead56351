// SPDX-License-Identifier: Apache-2.0
// CPU kernels of nf4.
#include "ops/lanes.h"
#include "ops/matmul/nf4_kernels.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <ATen/Parallel.h>

namespace xlt::ops::cpu {
namespace {

constexpr Nf4Levels kLevels;
constexpr int64_t kBlocksAThread = 512;  // blocks a thread takes at least

template <typename T>
void quantize_block(const T* x, int64_t count, uint8_t* codes, float* absmax) {
  float largest = 0;
  for (int64_t i = 0; i < count; ++i) largest = std::max(largest, std::abs(static_cast<float>(widen(x[i]))));
  *absmax = largest;
  const float scale = largest > 0 ? 1 / largest : 0;
  for (int64_t i = 0; i < count; i += 2) {
    const int upper = nf4_code(kLevels, static_cast<float>(widen(x[i])) * scale);
    const int lower = i + 1 < count ? nf4_code(kLevels, static_cast<float>(widen(x[i + 1])) * scale) : 0;
    codes[i / 2] = static_cast<uint8_t>(upper << 4 | lower);
  }
}

// The two levels of every byte.
const std::array<std::array<float, 2>, 256>& level_pairs() {
  static const auto kPairs = [] {
    std::array<std::array<float, 2>, 256> pairs;
    for (int byte = 0; byte < 256; ++byte) pairs[byte] = {kLevels.level[byte >> 4], kLevels.level[byte & 15]};
    return pairs;
  }();
  return kPairs;
}

// to[i] = weight[begin + i] for i < count, whatever blocks and bytes they lie across.
template <typename T>
void dequantize_range(const uint8_t* codes, const float* absmax, int64_t begin, int64_t count, T* to) {
  const auto& pairs = level_pairs();
  for (int64_t i = 0; i < count;) {
    const int64_t at = begin + i, end = std::min(count, i + kNf4Block - at % kNf4Block);
    const float scale = absmax[at / kNf4Block];
    if (at % 2 == 1) {
      to[i] = narrow<T>(static_cast<Accumulator<T>>(pairs[codes[at / 2]][1] * scale));
      ++i;
    }
    for (; i + 1 < end; i += 2) {
      const auto& pair = pairs[codes[(begin + i) / 2]];
      to[i] = narrow<T>(static_cast<Accumulator<T>>(pair[0] * scale));
      to[i + 1] = narrow<T>(static_cast<Accumulator<T>>(pair[1] * scale));
    }
    if (i < end) {
      to[i] = narrow<T>(static_cast<Accumulator<T>>(pairs[codes[(begin + i) / 2]][0] * scale));
      ++i;
    }
  }
}

}  // namespace

void nf4_quantize(const Nf4Args& args, const KernelStream&) {
  with_dtype(args.dtype, [&](auto zero) {
    const auto* x = static_cast<const decltype(zero)*>(args.weight);
    at::parallel_for(
        0, (args.count + kNf4Block - 1) / kNf4Block, kBlocksAThread, [&](int64_t begin, int64_t end) {
          for (int64_t block = begin; block < end; ++block)
            quantize_block(x + block * kNf4Block, std::min(kNf4Block, args.count - block * kNf4Block),
                           args.codes + block * kNf4Block / 2, args.absmax + block);
        });
  });
}

void nf4_dequantize(const Nf4Args& args, const KernelStream&) {
  with_dtype(args.dtype, [&](auto zero) {
    auto* to = static_cast<decltype(zero)*>(args.dequantized);
    at::parallel_for(0, args.count, kBlocksAThread * kNf4Block, [&](int64_t begin, int64_t end) {
      dequantize_range(args.codes, args.absmax, begin, end - begin, to + begin);
    });
  });
}

void nf4_dequantize_range(const uint8_t* codes, const float* absmax, int64_t begin, int64_t count,
                          float* to) {
  dequantize_range(codes, absmax, begin, count, to);
}

}  // namespace xlt::ops::cpu
