// SPDX-License-Identifier: Apache-2.0
// The inner loops of cpu_matmul.h, one thread each: panels of x by a chunk of the weight. Inside `ops` only.
// Operands come in lanes of 32 bits: a float32, or two inputs next to each other in bfloat16, the first in
// the low half; beside float32, such a lane of the weight meets two of x.
#pragma once

#include "ops/lanes.h"

#include <cstdint>

namespace xlt::ops {

// The tiles of y that fill an instruction set's registers with sums; kFloats of them are a vector. Along:
// kAlongOut outputs by up to kAlongVectors vectors of rows. Across: up to kAcrossRows rows by two vectors of
// outputs.
struct Avx2Tiles {  // 16 registers
  typedef float Vector __attribute__((vector_size(32)));
  static constexpr int64_t kFloats = 8, kAlongOut = 4, kAlongVectors = 3, kAcrossRows = 6;
};
struct Avx512Tiles {  // 32 registers
  typedef float Vector __attribute__((vector_size(64)));
  static constexpr int64_t kFloats = 16, kAlongOut = 8, kAlongVectors = 3, kAcrossRows = 12;
};
// Lanes summed in one chain of multiply-adds; such sums are added up. A longer chain rounds at a larger
// partial sum.
inline constexpr int64_t kRun = 256;
// Lanes of a cache line.
inline constexpr int64_t kLine = 64 / sizeof(float);
inline constexpr int64_t kLaneBytes = sizeof(float);

// Rows of x side by side, lanes [depth][width]; `rows` of them are x's, the others, if any, zeros.
struct Panel {
  float* values;
  int64_t first_row, rows, width;
};
// Outputs of a chunk at most; with 1,024 lanes each they fill half a second-level cache of 512 KiB.
inline constexpr int64_t kMaxChunk = 64;
// A block of inputs, as many as `depth` lanes of x hold, of one chunk of outputs. Along: output o's lanes
// side by side at o · stride. Across: lane i of every output side by side at i · stride. Not always aligned
// to a lane's size.
struct Chunk {
  const char* values;
  int64_t outputs, depth;
  int64_t stride;  // bytes
  int64_t ahead;   // along: how many bytes on the next chunk lies; 0 if it may not be fetched early
};

// How lanes are multiplied: a vector of them (Operand) by one that is spread, the same for all. A lane of the
// weight along holds kParts values, which multiply as many lanes of x.
template <typename T>
struct WholeLanes {
  using Lane = T;
  static constexpr int kParts = 1;
  template <typename Sums>
  using Spread = T;  // GCC makes a vector of it best where it multiplies
  template <int kPart>
  static XLT_INLINE void spread(T lane, T& to) {
    to = lane;
  }
};
struct FloatOperands : WholeLanes<float> {
  template <typename Sums>
  using Operand = Sums;
  template <typename Sums>
  static XLT_INLINE void add_product(Sums& sums, float x, const Sums& y) {
    sums += x * y;
  }
};
template <size_t kBytes>
struct BitVector {
  typedef uint32_t type __attribute__((vector_size(kBytes)));
};
// Float32 by bfloat16, which is widened in the registers: along only.
struct HalfOperands {
  using Lane = uint32_t;
  static constexpr int kParts = 2;
  template <typename Sums>
  using Operand = Sums;
  template <typename Sums>
  using Spread = Sums;
  template <int kPart, typename Sums>
  static XLT_INLINE void spread(uint32_t two, Sums& to) {
    auto all = two - typename BitVector<sizeof(Sums)>::type{};
#ifdef XLT_HAS_AVX_KERNELS
    asm("" : "+v"(all));  // first: GCC would shift it in a general register and move it over
#endif
    to = reinterpret_cast<Sums>(kPart == 0 ? all << 16 : all & 0xffff0000u);
  }
  template <typename Sums>
  static XLT_INLINE void add_product(Sums& sums, const Sums& x, const Sums& y) {
    sums += x * y;
  }
};
#ifdef XLT_HAS_AVX_KERNELS
struct PairOperands : WholeLanes<uint32_t> {
  template <typename Sums>
  using Operand = typename BitVector<sizeof(Sums)>::type;
  // The instruction by its name: an intrinsic is only inlined into functions that are all compiled for it,
  // and templates take their instruction set from the kernel that calls them. It takes subnormal numbers for
  // 0.
  template <typename Sums>
  static XLT_INLINE void add_product(Sums& sums, uint32_t x, const Operand<Sums>& y) {
    const Operand<Sums> all = x - Operand<Sums>{};  // x in every lane
    Sums total = sums;  // an operand of its own: GCC keeps an array of them in memory
    asm("vdpbf16ps %2, %1, %0" : "+v"(total) : "v"(all), "v"(y));
    sums = total;
  }
};
#endif

// y [rows, outputs] ← x · weightᵀ, or y += that.
struct ChunkOutput {
  float* y;
  int64_t row_stride;
  bool add;
};

using MultiplyChunk = void (*)(const Chunk& chunk, const Panel* panels, int64_t num_panels,
                               const ChunkOutput& out);
inline constexpr int64_t kStep = Avx2Tiles::kFloats;
struct MatmulKernels {
  int64_t strip;  // outputs; a thread's share across is a multiple of it
  // Rows of a panel at most. Along, its width is its rows rounded up to along_step and one that there is a
  // tile for (panel_rows in matmul_operands.cpp); across, its rows, kRun inputs at most.
  int64_t along_panel, across_panel;
  MultiplyChunk along, across;
  MultiplyChunk along_halves;  // by bfloat16 as it lies; null where x is not float32
  int64_t along_step = kStep;
  bool across_by_rows = false;  // panels across are lanes [rows][depth], not [depth][rows]
};

// The widest kernels of float32 that this machine runs, or AVX2's; and of pairs of bfloat16, which only
// machines with AVX512_BF16 run: by tiles (AMX) where they have them.
const MatmulKernels& matmul_kernels(bool narrow_vectors);
const MatmulKernels& matmul_pair_kernels();

#define XLT_DECLARE(name) \
  void name(const Chunk& chunk, const Panel* panels, int64_t num_panels, const ChunkOutput& out)
XLT_DECLARE(multiply_along_avx2);
XLT_DECLARE(multiply_along_avx512);
XLT_DECLARE(multiply_along_halves_avx2);
XLT_DECLARE(multiply_along_halves_avx512);
XLT_DECLARE(multiply_along_pairs);
XLT_DECLARE(multiply_across_avx2);
XLT_DECLARE(multiply_across_avx512);
XLT_DECLARE(multiply_across_pairs);
XLT_DECLARE(multiply_along_tiles);
XLT_DECLARE(multiply_across_tiles);
#undef XLT_DECLARE

// Lanes [columns][width], row-major: column i of `from` [rows, columns], rows `stride` bytes apart and not
// always aligned, at to + i · width.
void transpose(const void* from, int64_t stride, int64_t rows, int64_t columns, float* to, int64_t width);

template <typename Lane>
XLT_INLINE Lane load_lane(const void* from) {
  Lane lane;
  std::memcpy(&lane, from, sizeof(lane));
  return lane;
}

// Four lanes, and the transpose of four of them.
typedef float Quad __attribute__((vector_size(16)));
XLT_INLINE Quad load_quad(const void* from) {
  Quad quad;
  std::memcpy(&quad, from, sizeof(quad));
  return quad;
}
XLT_INLINE void transpose_quads(const Quad (&in)[4], Quad (&out)[4]) {
  const Quad a = __builtin_shufflevector(in[0], in[1], 0, 4, 1, 5);
  const Quad b = __builtin_shufflevector(in[2], in[3], 0, 4, 1, 5);
  const Quad c = __builtin_shufflevector(in[0], in[1], 2, 6, 3, 7);
  const Quad d = __builtin_shufflevector(in[2], in[3], 2, 6, 3, 7);
  out[0] = __builtin_shufflevector(a, b, 0, 1, 4, 5);
  out[1] = __builtin_shufflevector(a, b, 2, 3, 6, 7);
  out[2] = __builtin_shufflevector(c, d, 0, 1, 4, 5);
  out[3] = __builtin_shufflevector(c, d, 2, 3, 6, 7);
}

}  // namespace xlt::ops
