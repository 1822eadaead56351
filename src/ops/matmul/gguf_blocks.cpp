// SPDX-License-Identifier: Apache-2.0
// A block holds one or two half-precision scales and small integers. The order of operations is that of the
// package gguf (d·q, then + m). Products of a scale and integers fit float32's 24 bits, so a fused
// multiply-add rounds as the two steps do, and every instruction set gives the same bits.
#include "ops/cpu_kernel.h"
#include "ops/matmul/gguf_kernels.h"

#include <cstring>

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include "xlt/base/error.h"
#include "xlt/base/gguf.h"
#include "xlt/ops/matmul/gguf.h"

namespace xlt::ops {

namespace {

constexpr int kSmall = 32, kHalf = kSmall / 2;  // values of a plain block
constexpr int kSuper = 256, kSub = 32;          // of a K block, and of its sub-blocks

using Bytes = const uint8_t* __restrict__;
using Floats = float* __restrict__;

template <typename T>
XLT_INLINE float load(Bytes bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return static_cast<float>(value);
}
XLT_INLINE float half(Bytes bytes) { return load<c10::Half>(bytes); }

XLT_INLINE void dequantize_F32(Bytes block, Floats out) { *out = load<float>(block); }
XLT_INLINE void dequantize_F16(Bytes block, Floats out) { *out = half(block); }
XLT_INLINE void dequantize_BF16(Bytes block, Floats out) { *out = load<c10::BFloat16>(block); }

XLT_INLINE void dequantize_Q8_0(Bytes block, Floats out) {
  const float d = half(block);
  const auto* q = reinterpret_cast<const int8_t*>(block + 2);
  for (int i = 0; i < kSmall; ++i) out[i] = static_cast<float>(q[i]) * d;
}

// The lower halves of 16 bytes are the first 16 values, the upper halves the rest.
XLT_INLINE void dequantize_Q4_0(Bytes block, Floats out) {
  const float d = half(block);
  for (int side = 0; side < 2; ++side)
    for (int i = 0; i < kHalf; ++i)
      out[side * kHalf + i] = d * static_cast<float>(((block[2 + i] >> 4 * side) & 15) - 8);
}

XLT_INLINE void dequantize_Q4_1(Bytes block, Floats out) {
  const float d = half(block), m = half(block + 2);
  for (int side = 0; side < 2; ++side)
    for (int i = 0; i < kHalf; ++i)
      out[side * kHalf + i] = d * static_cast<float>((block[4 + i] >> 4 * side) & 15) + m;
}

// Bit i of `high` is the fifth bit of value i.
XLT_INLINE void dequantize_Q5_0(Bytes block, Floats out) {
  const float d = half(block);
  uint32_t high;
  std::memcpy(&high, block + 2, sizeof high);
  for (int i = 0; i < kHalf; ++i) {
    const int byte = block[6 + i];
    const int low_bit = (high >> i) & 1, high_bit = (high >> (i + kHalf)) & 1;
    out[i] = d * static_cast<float>(((byte & 15) | low_bit << 4) - 16);
    out[i + kHalf] = d * static_cast<float>(((byte >> 4) | high_bit << 4) - 16);
  }
}

XLT_INLINE void dequantize_Q5_1(Bytes block, Floats out) {
  const float d = half(block), m = half(block + 2);
  uint32_t high;
  std::memcpy(&high, block + 4, sizeof high);
  for (int i = 0; i < kHalf; ++i) {
    const int byte = block[8 + i];
    const int low_bit = (high >> i) & 1, high_bit = (high >> (i + kHalf)) & 1;
    out[i] = d * static_cast<float>((byte & 15) | low_bit << 4) + m;
    out[i + kHalf] = d * static_cast<float>((byte >> 4) | high_bit << 4) + m;
  }
}

// Scale and minimum of sub-block j, six bits each, of twelve bytes.
struct ScaleAndMinimum {
  float scale, minimum;
};
XLT_INLINE ScaleAndMinimum scale_and_minimum(Bytes packed, int j) {
  if (j < 4) return {static_cast<float>(packed[j] & 63), static_cast<float>(packed[j + 4] & 63)};
  return {static_cast<float>((packed[j + 4] & 15) | packed[j - 4] >> 6 << 4),
          static_cast<float>((packed[j + 4] >> 4) | packed[j] >> 6 << 4)};
}

XLT_INLINE void dequantize_Q4_K(Bytes block, Floats out) {
  const float d = half(block), dmin = half(block + 2);
  const Bytes scales = block + 4, q = block + 16;
  for (int j = 0; j < kSuper / kSub; ++j) {
    const auto [scale, minimum] = scale_and_minimum(scales, j);
    const float factor = d * scale, offset = dmin * minimum;
    const Bytes pair = q + j / 2 * kSub;  // two sub-blocks share their bytes
    const int shift = j % 2 * 4;
    for (int i = 0; i < kSub; ++i)
      out[j * kSub + i] = factor * static_cast<float>((pair[i] >> shift) & 15) - offset;
  }
}

XLT_INLINE void dequantize_Q5_K(Bytes block, Floats out) {
  const float d = half(block), dmin = half(block + 2);
  const Bytes scales = block + 4, high = block + 16, q = block + 48;
  for (int j = 0; j < kSuper / kSub; ++j) {
    const auto [scale, minimum] = scale_and_minimum(scales, j);
    const float factor = d * scale, offset = dmin * minimum;
    const Bytes pair = q + j / 2 * kSub;
    const int shift = j % 2 * 4;
    for (int i = 0; i < kSub; ++i) {
      const int low = (pair[i] >> shift) & 15;
      out[j * kSub + i] = factor * static_cast<float>(low | ((high[i] >> j) & 1) << 4) - offset;
    }
  }
}

// Two halves of four rows of 32: lower four bits in 64 bytes, upper two in 32; a scale for 16 values.
XLT_INLINE void dequantize_Q6_K(Bytes block, Floats out) {
  const Bytes low = block, high = block + 128;
  const auto* scales = reinterpret_cast<const int8_t*>(block + 192);
  const float d = half(block + 208);
  for (int run = 0; run < kSuper / kHalf; ++run) {
    const int row = run / 2, first = run % 2 * kHalf;
    const Bytes low_row = low + row / 4 * 64 + row % 2 * kSub + first,
                high_row = high + row / 4 * kSub + first;
    const int low_shift = row % 4 / 2 * 4, high_shift = row % 4 * 2;
    const float factor = d * static_cast<float>(scales[run]);
    for (int i = 0; i < kHalf; ++i) {
      const int q = (((low_row[i] >> low_shift) & 15) | ((high_row[i] >> high_shift) & 3) << 4) - 32;
      out[run * kHalf + i] = factor * static_cast<float>(q);
    }
  }
}

#define X(name, number, elements, size)                                                           \
  XLT_CPU_KERNEL void widen_##name(Bytes blocks, int64_t count, Floats out) {                     \
    for (int64_t i = 0; i < count; ++i) dequantize_##name(blocks + i * size, out + i * elements); \
  }
#include "xlt/base/gguf_types.def"
#undef X

struct Row {
  uint32_t number;
  WidenBlocks widen;
};
constexpr Row kRows[] = {
#define X(name, number, elements, bytes) {number, widen_##name},
#include "xlt/base/gguf_types.def"
#undef X
};

}  // namespace

const GgufType* gguf_type_of_block(int64_t bytes) {
  for (const GgufType& type : gguf_types())
    if (type.bytes == bytes && type.elements > 1) return &type;
  return nullptr;
}

WidenBlocks widen_blocks_of(const GgufType& type) {
  for (const Row& row : kRows)
    if (row.number == type.number) return row.widen;
  throw Error(ErrorKind::kInternal, str_cat("no such type: ", type.name));
}

void dequantize_blocks(const GgufType& type, const std::byte* blocks, int64_t num_blocks, float* out) {
  widen_blocks_of(type)(reinterpret_cast<const uint8_t*>(blocks), num_blocks, out);
}

}  // namespace xlt::ops
