// The operands of our own matrix product as its kernels take them: x repacked into panels, a few outputs of
// the weight at a time as float32. Inside `ops` only. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ops/cpu_matmul.h"
#include "ops/matmul_kernels.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace xlt::ops {

inline const MatmulKernels& kernels_of(const CpuMatmul& product) {
  return matmul_kernels(product.narrow_vectors);
}

// Which kernel runs a product. Few inputs: storing y takes most of the time, and the kernel across stores
// whole lines of it, so the weight is turned for it.
bool is_turned(const CpuMatmul& product);
bool is_across(const CpuMatmul& product);
// Inputs summed between two visits to y.
int64_t depth_of(const CpuMatmul& product);

inline int64_t round_up(int64_t value, int64_t step) { return (value + step - 1) / step * step; }

// Float32 storage that begins on a line's boundary and is not cleared.
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
// Rows of a packed block: those of x, and along, zeros up to a multiple of kStep.
int64_t packed_rows(const CpuMatmul& product);
// Inputs begin … begin + depth of x, in blocks, into `packed` [packed_rows · depth]; on all threads.
std::vector<PackedBlock> pack(const CpuMatmul& product, int64_t begin, int64_t depth, float* packed);

// A few outputs' weights as float32, as the kernel takes them.
class ChunkReader {
 public:
  explicit ChunkReader(const CpuMatmul& product) : product_(product) {}
  // Where they lie, or converted into this reader's memory until the next call.
  Chunk read(int64_t first, int64_t outputs, int64_t begin, int64_t depth);

 private:
  const CpuMatmul& product_;
  std::vector<float> widened_, turned_;
};

}  // namespace xlt::ops
