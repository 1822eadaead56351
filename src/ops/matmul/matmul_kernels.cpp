// SPDX-License-Identifier: Apache-2.0
// Which of the compiled kernels this machine runs.
#include "ops/matmul/matmul_kernels.h"

#include "ops/matmul/matmul_tiles_cpu.h"

namespace xlt::ops {
namespace {

template <typename Tiles>
constexpr MatmulKernels kernels(MultiplyChunk along, MultiplyChunk across, MultiplyChunk along_halves) {
  return {2 * Tiles::kFloats, Tiles::kAlongVectors * Tiles::kFloats, Tiles::kAcrossRows, along, across,
          along_halves};
}

}  // namespace

const MatmulKernels& matmul_kernels([[maybe_unused]] bool narrow_vectors) {
#ifdef XLT_HAS_AVX_KERNELS
  static const bool kHasAvx512 = __builtin_cpu_supports("x86-64-v4");
  static constexpr MatmulKernels kAvx512 =
      kernels<Avx512Tiles>(multiply_along_avx512, multiply_across_avx512, multiply_along_halves_avx512);
  if (kHasAvx512 && !narrow_vectors) return kAvx512;
#endif
  static constexpr MatmulKernels kAvx2 =
      kernels<Avx2Tiles>(multiply_along_avx2, multiply_across_avx2, multiply_along_halves_avx2);
  return kAvx2;
}

const MatmulKernels& matmul_pair_kernels() {
#ifdef XLT_HAS_AVX_KERNELS
  static constexpr MatmulKernels kTiles = tile_kernels(multiply_along_tiles, multiply_across_tiles);
  static constexpr MatmulKernels kPairs =
      kernels<Avx512Tiles>(multiply_along_pairs, multiply_across_pairs, nullptr);
  return has_tiles() ? kTiles : kPairs;
#else
  return matmul_kernels(false);  // never called: cpu_matmul_takes_pairs() is false
#endif
}

}  // namespace xlt::ops
