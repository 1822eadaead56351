// SPDX-License-Identifier: Apache-2.0
// Levels and kernels of nf4. Torch-free. Inside `ops` only.
#pragma once

#include "ops/cpu_kernel.h"
#include "ops/kernel_types.h"

#include <cstdint>

namespace xlt::ops {

inline constexpr int64_t kNf4Block = 64;  // weights that share a scale

// Quantiles of the standard normal, scaled to [−1, 1], with an exact 0 (Dettmers et al. 2023, appendix E).
struct Nf4Levels {
  float level[16] = {-1.0f,
                     -0.6961928009986877f,
                     -0.5250730514526367f,
                     -0.39491748809814453f,
                     -0.28444138169288635f,
                     -0.18477343022823334f,
                     -0.09105003625154495f,
                     0.0f,
                     0.07958029955625534f,
                     0.16093020141124725f,
                     0.24611230194568634f,
                     0.33791524171829224f,
                     0.44070982933044434f,
                     0.5626170039176941f,
                     0.7229568362236023f,
                     1.0f};
};

// The nearest level; halfway, the lower one. By bisection over the midpoints.
XLT_ANYWHERE int nf4_code(const Nf4Levels& levels, float x) {
  int low = 0;
  for (int step = 8; step > 0; step /= 2) {
    const int middle = low + step;
    if (x > (levels.level[middle - 1] + levels.level[middle]) / 2) low = middle;
  }
  return low;
}

// `count` weights of `dtype`, dense, in blocks of kNf4Block.
struct Nf4Args {
  KernelDtype dtype = KernelDtype::kF32;
  int64_t count = 0;
  const void* weight = nullptr;  // quantize: read
  void* dequantized = nullptr;   // dequantize: written
  uint8_t* codes = nullptr;      // quantize: written; dequantize: read
  float* absmax = nullptr;
};

// y[n, o] = Σ_i x[n, i] · weight[o, i], float32, dense.
struct Nf4ProductArgs {
  const float* x = nullptr;  // [rows, in]
  float* y = nullptr;        // [rows, out]
  int64_t rows = 0, in = 0, out = 0;
  const uint8_t* codes = nullptr;
  const float* absmax = nullptr;
};

namespace cpu {
void nf4_quantize(const Nf4Args& args, const KernelStream& stream);
void nf4_dequantize(const Nf4Args& args, const KernelStream& stream);
// to[i] = weight[begin + i] for i < count, whatever blocks and bytes they lie across; one thread.
void nf4_dequantize_range(const uint8_t* codes, const float* absmax, int64_t begin, int64_t count, float* to);
}  // namespace cpu
namespace cuda {
void nf4_quantize(const Nf4Args& args, const KernelStream& stream);
void nf4_dequantize(const Nf4Args& args, const KernelStream& stream);
void nf4_product(const Nf4ProductArgs& args, const KernelStream& stream);
}  // namespace cuda

}  // namespace xlt::ops
