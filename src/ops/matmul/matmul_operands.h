// SPDX-License-Identifier: Apache-2.0
// The operands of our own matrix product as its kernels take them: x repacked into panels, a few outputs of
// the weight at a time as its kernel reads them. Inside `ops` only.
#pragma once

#include "ops/matmul/cpu_matmul.h"
#include "ops/matmul/gguf_kernels.h"
#include "ops/matmul/matmul_kernels.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace xlt::ops {

inline bool is_paired(const CpuMatmul& product) { return product.x_dtype == KernelDtype::kBf16; }
inline const MatmulKernels& kernels_of(const CpuMatmul& product) {
  if (product.kernels) return *product.kernels;
  return is_paired(product) ? matmul_pair_kernels() : matmul_kernels(product.narrow_vectors);
}
// Lanes that hold so many inputs.
inline int64_t lanes_of(const CpuMatmul& product, int64_t inputs) {
  return is_paired(product) ? (inputs + 1) / 2 : inputs;
}

// Bytes of an element; not of float64.
inline int64_t size_of(KernelDtype dtype) {
  return dtype == KernelDtype::kF32 ? sizeof(float) : sizeof(uint16_t);
}

// Which kernel runs a product. Few inputs: storing y takes most of the time, and the kernel across stores
// whole lines of it, so the weight is turned for it.
bool is_turned(const CpuMatmul& product);
bool is_across(const CpuMatmul& product);
// Float32 by bfloat16 as it lies, widened anew beside every panel: beside a full one it is dearer than once,
// in memory, before the first.
bool reads_halves(const CpuMatmul& product);
MultiplyChunk kernel_of(const CpuMatmul& product);
// Inputs summed between two visits to y: whole lanes.
int64_t depth_of(const CpuMatmul& product);

inline int64_t round_up(int64_t value, int64_t step) { return (value + step - 1) / step * step; }

// Storage of lanes that begins on a line's boundary and is not cleared.
class Buffer {
 public:
  explicit Buffer(int64_t size) : storage_(new float[static_cast<size_t>(size + kLine)]) {}
  float* data() const;

 private:
  std::unique_ptr<float[]> storage_;
};

// One block of inputs of x, repacked.
struct PackedBlock {
  int64_t begin, depth;
  std::vector<Panel> panels;
};
// What rows of a packed block, or of some panels, are rounded up to.
int64_t row_step(const CpuMatmul& product);
// Rows of a packed block: those of x, and along, zeros up to a multiple of row_step.
int64_t packed_rows(const CpuMatmul& product);
// Inputs begin … begin + depth of x, in blocks, into `packed` [packed_rows · lanes of depth]; on all threads.
std::vector<PackedBlock> pack(const CpuMatmul& product, int64_t begin, int64_t depth, float* packed);

// The first line's boundary from there on.
float* on_a_line(float* place);
// Bfloat16 [rows, depth] → lanes [depth / 2, rounded up][width]. A row of lanes is fetched before its turn:
// columns far apart would be waited for one by one.
void pack_pairs(const uint16_t* from, int64_t row_stride, int64_t column_stride, int64_t rows, int64_t depth,
                float* to, int64_t width);

// A few outputs' weights, as the kernel takes them.
class ChunkReader {
 public:
  explicit ChunkReader(const CpuMatmul& product);
  // Where they lie, or converted into this reader's memory until the next call.
  Chunk read(int64_t first, int64_t outputs, int64_t begin, int64_t depth);

 private:
  Chunk read_floats(int64_t first, int64_t outputs, int64_t begin, int64_t depth);
  Chunk read_pairs(int64_t first, int64_t outputs, int64_t begin, int64_t depth);
  Chunk read_gguf(int64_t first, int64_t outputs, int64_t begin, int64_t depth);
  Chunk turned(const Chunk& chunk);

  const CpuMatmul& product_;
  WidenBlocks widen_blocks_ = nullptr;
  std::vector<float> converted_, turned_, row_;
};

// y [rows, from first on] ← from [rows, outputs] in the product's type, or y += that.
void store_outputs(const CpuMatmul& product, int64_t first, int64_t outputs, const float* from);

}  // namespace xlt::ops
