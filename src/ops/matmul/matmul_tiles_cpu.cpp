// SPDX-License-Identifier: Apache-2.0
#include "ops/matmul/matmul_tiles_cpu.h"

namespace xlt::ops {

#ifdef XLT_HAS_AVX_KERNELS
XLT_AVX512_KERNEL void multiply_along_tiles(const Chunk& chunk, const Panel* panels, int64_t num_panels,
                                            const ChunkOutput& out) {
  multiply_along_by<HardwareTiles>(chunk, panels, num_panels, out);
}

XLT_AVX512_KERNEL void multiply_across_tiles(const Chunk& chunk, const Panel* panels, int64_t num_panels,
                                             const ChunkOutput& out) {
  multiply_across_by<HardwareTiles>(chunk, panels, num_panels, out);
}
#endif

}  // namespace xlt::ops
