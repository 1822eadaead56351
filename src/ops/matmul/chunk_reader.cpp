// SPDX-License-Identifier: Apache-2.0
// A few outputs of the weight at a time, as the kernels take them: as they lie, or widened or turned.
#include "ops/matmul/matmul_operands.h"
#include "ops/matmul/nf4_kernels.h"

#include <algorithm>
#include <cstring>

#include "xlt/base/gguf.h"

namespace xlt::ops {
namespace {

constexpr int64_t kLineBytes = kLine * kLaneBytes;

template <typename T>
XLT_INLINE void widen_rows(const T* from, int64_t stride, int64_t rows, int64_t columns, float* to) {
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t i = 0; i < columns; ++i) to[row * columns + i] = widen(from[row * stride + i]);
}
XLT_CPU_KERNEL void widen_block(const void* from, KernelDtype dtype, int64_t stride, int64_t rows,
                                int64_t columns, float* to) {
  if (dtype == KernelDtype::kBf16)
    widen_rows(static_cast<const c10::BFloat16*>(from), stride, rows, columns, to);
  else
    widen_rows(static_cast<const c10::Half*>(from), stride, rows, columns, to);
}

void widen_nf4(const CpuMatmul& product, int64_t offset, int64_t stride, int64_t rows, int64_t columns,
               float* to) {
  for (int64_t row = 0; row < rows; ++row)
    cpu::nf4_dequantize_range(static_cast<const uint8_t*>(product.weight), product.nf4_absmax,
                              offset + row * stride, columns, to + row * columns);
}

// values[i] ← values[i] rounded to bfloat16 or float16.
template <typename T>
XLT_INLINE void round_values(float* values, int64_t count) {
  for (int64_t i = 0; i < count; ++i) values[i] = widen(narrow<T>(values[i]));
}
XLT_CPU_KERNEL void round_to(KernelDtype dtype, float* values, int64_t count) {
  if (dtype == KernelDtype::kBf16) round_values<c10::BFloat16>(values, count);
  if (dtype == KernelDtype::kF16) round_values<c10::Half>(values, count);
}

// Float32 → bfloat16, two to a lane; `count` a multiple of 32. Only where there are kernels of pairs.
#ifdef XLT_HAS_AVX_KERNELS
XLT_AVX512_KERNEL void narrow_to_pairs(const float* from, int64_t count, float* to) {
  using Vector = Avx512Tiles::Vector;
  using Halves = BitVector<32>::type;
  constexpr int64_t kStep16 = Avx512Tiles::kFloats;
  for (int64_t i = 0; i < count; i += kStep16) {
    Vector values;
    std::memcpy(&values, from + i, sizeof(values));
    Halves halves;
    asm("vcvtneps2bf16 %1, %0" : "=v"(halves) : "v"(values));  // by its name: see PairOperands
    std::memcpy(to + i / 2, &halves, sizeof(halves));
  }
}
#else
void narrow_to_pairs(const float*, int64_t, float*) {}
#endif

}  // namespace

ChunkReader::ChunkReader(const CpuMatmul& product) : product_(product) {
  if (product.gguf != nullptr) widen_blocks_ = widen_blocks_of(*product.gguf);
}

Chunk ChunkReader::read(int64_t first, int64_t outputs, int64_t begin, int64_t depth) {
  const Chunk chunk = product_.gguf != nullptr ? read_gguf(first, outputs, begin, depth)
                      : is_paired(product_)    ? read_pairs(first, outputs, begin, depth)
                                               : read_floats(first, outputs, begin, depth);
  return is_turned(product_) ? turned(chunk) : chunk;
}

Chunk ChunkReader::read_floats(int64_t first, int64_t outputs, int64_t begin, int64_t depth) {
  const int64_t offset = first * product_.out_stride + begin * product_.in_stride;
  const bool inputs_adjacent = product_.in_stride == 1, is_nf4 = product_.nf4_absmax != nullptr;
  const int64_t stride = inputs_adjacent ? product_.out_stride : product_.in_stride;
  if (reads_halves(product_) || (!is_nf4 && product_.dtype == KernelDtype::kF32)) {
    const int64_t size = size_of(product_.dtype);
    const int64_t ahead = inputs_adjacent && first + outputs < product_.out ? outputs * stride : 0;
    return {static_cast<const char*>(product_.weight) + offset * size, outputs, depth, stride * size,
            ahead * size};
  }
  const int64_t rows = inputs_adjacent ? outputs : depth, columns = inputs_adjacent ? depth : outputs;
  converted_.resize(static_cast<size_t>(rows * columns));
  if (is_nf4)
    widen_nf4(product_, offset, stride, rows, columns, converted_.data());
  else
    widen_block(static_cast<const uint16_t*>(product_.weight) + offset, product_.dtype, stride, rows, columns,
                converted_.data());
  return {reinterpret_cast<const char*>(converted_.data()), outputs, depth, columns * kLaneBytes, 0};
}

// Along, pairs lie as the kernel takes them, but for the last of an odd number of inputs.
Chunk ChunkReader::read_pairs(int64_t first, int64_t outputs, int64_t begin, int64_t depth) {
  constexpr int64_t kSize = sizeof(uint16_t);
  const int64_t lanes = lanes_of(product_, depth);
  const uint16_t* from = static_cast<const uint16_t*>(product_.weight) + first * product_.out_stride +
                         begin * product_.in_stride;
  if (product_.in_stride == 1 && depth % 2 == 0) {
    const int64_t stride = product_.out_stride * kSize;
    return {reinterpret_cast<const char*>(from), outputs, lanes, stride,
            first + outputs < product_.out ? outputs * stride : 0};
  }
  converted_.resize(static_cast<size_t>(outputs * lanes));
  auto* to = reinterpret_cast<char*>(converted_.data());
  if (product_.in_stride == 1) {
    std::fill(converted_.begin(), converted_.end(), 0.0f);
    for (int64_t output = 0; output < outputs; ++output)
      std::memcpy(to + output * lanes * kLaneBytes, from + output * product_.out_stride, depth * kSize);
    return {to, outputs, lanes, lanes * kLaneBytes, 0};
  }
  pack_pairs(from, product_.out_stride, product_.in_stride, outputs, depth, converted_.data(), outputs);
  return {to, outputs, lanes, outputs * kLaneBytes, 0};
}

// `begin` and `depth` are whole blocks: a block of inputs holds a multiple of 256, or what is left of a row.
Chunk ChunkReader::read_gguf(int64_t first, int64_t outputs, int64_t begin, int64_t depth) {
  const GgufType& type = *product_.gguf;
  const int64_t row_bytes = product_.in / type.elements * type.bytes, lanes = lanes_of(product_, depth);
  const uint8_t* from =
      static_cast<const uint8_t*>(product_.weight) + first * row_bytes + begin / type.elements * type.bytes;
  // Rows a power of two apart would share a set of the first-level cache.
  const int64_t stride = lanes + kLine;
  converted_.resize(static_cast<size_t>(outputs * stride + kLine));
  float* const chunk = on_a_line(converted_.data());
  row_.resize(static_cast<size_t>(is_paired(product_) ? depth : 0));
  const int64_t bytes = depth / type.elements * type.bytes, ahead = outputs * row_bytes;
  for (int64_t output = 0; output < outputs; ++output) {
    float* const to = chunk + output * stride;
    float* const values = is_paired(product_) ? row_.data() : to;
    const uint8_t* const row = from + output * row_bytes;
    if (first + outputs + output < product_.out)
      for (int64_t i = 0; i < bytes; i += kLineBytes) __builtin_prefetch(row + ahead + i, 0, 2);
    widen_blocks_(row, depth / type.elements, values);
    if (is_paired(product_))
      narrow_to_pairs(values, depth, to);
    else if (product_.dtype != KernelDtype::kF32)
      round_to(product_.dtype, values, depth);
  }
  return {reinterpret_cast<const char*>(chunk), outputs, lanes, stride * kLaneBytes, 0};
}

Chunk ChunkReader::turned(const Chunk& chunk) {
  turned_.resize(static_cast<size_t>(chunk.outputs * chunk.depth));
  transpose(chunk.values, chunk.stride, chunk.outputs, chunk.depth, turned_.data(), chunk.outputs);
  return {reinterpret_cast<const char*>(turned_.data()), chunk.outputs, chunk.depth,
          chunk.outputs * kLaneBytes, 0};
}

}  // namespace xlt::ops
