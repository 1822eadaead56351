// SPDX-License-Identifier: Apache-2.0
// A block holds one or two half-precision scales and small integers. The order of operations is that of the
// package gguf (d·q, then + m), each step rounded to float32.
#include "checkpoint/gguf_blocks.h"

#include <cstring>

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include "xlt/base/error.h"

namespace xlt {

namespace {

constexpr int kSmall = 32, kHalf = kSmall / 2;  // values of a plain block
constexpr int kSuper = 256, kSub = 32;          // of a K block, and of its sub-blocks

using Bytes = const uint8_t*;

template <typename T>
float load(Bytes bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return static_cast<float>(value);
}
float half(Bytes bytes) { return load<c10::Half>(bytes); }

void dequantize_F32(Bytes block, float* out) { *out = load<float>(block); }
void dequantize_F16(Bytes block, float* out) { *out = half(block); }
void dequantize_BF16(Bytes block, float* out) { *out = load<c10::BFloat16>(block); }

void dequantize_Q8_0(Bytes block, float* out) {
  const float d = half(block);
  const auto* q = reinterpret_cast<const int8_t*>(block + 2);
  for (int i = 0; i < kSmall; ++i) out[i] = static_cast<float>(q[i]) * d;
}

// The lower halves of 16 bytes are the first 16 values, the upper halves the rest.
void dequantize_Q4_0(Bytes block, float* out) {
  const float d = half(block);
  for (int i = 0; i < kHalf; ++i) {
    const int byte = block[2 + i];
    out[i] = d * static_cast<float>((byte & 15) - 8);
    out[i + kHalf] = d * static_cast<float>((byte >> 4) - 8);
  }
}

void dequantize_Q4_1(Bytes block, float* out) {
  const float d = half(block), m = half(block + 2);
  for (int i = 0; i < kHalf; ++i) {
    const int byte = block[4 + i];
    out[i] = d * static_cast<float>(byte & 15) + m;
    out[i + kHalf] = d * static_cast<float>(byte >> 4) + m;
  }
}

// Bit i of `high` is the fifth bit of value i.
void dequantize_Q5_0(Bytes block, float* out) {
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

void dequantize_Q5_1(Bytes block, float* out) {
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
ScaleAndMinimum scale_and_minimum(Bytes packed, int j) {
  if (j < 4) return {static_cast<float>(packed[j] & 63), static_cast<float>(packed[j + 4] & 63)};
  return {static_cast<float>((packed[j + 4] & 15) | packed[j - 4] >> 6 << 4),
          static_cast<float>((packed[j + 4] >> 4) | packed[j] >> 6 << 4)};
}

void dequantize_Q4_K(Bytes block, float* out) {
  const float d = half(block), dmin = half(block + 2);
  const Bytes scales = block + 4, q = block + 16;
  for (int j = 0; j < kSuper / kSub; ++j) {
    const auto [scale, minimum] = scale_and_minimum(scales, j);
    const float factor = d * scale, offset = dmin * minimum;
    const Bytes pair = q + j / 2 * kSub;  // two sub-blocks share their bytes
    for (int i = 0; i < kSub; ++i)
      out[j * kSub + i] = factor * static_cast<float>(j % 2 ? pair[i] >> 4 : pair[i] & 15) - offset;
  }
}

void dequantize_Q5_K(Bytes block, float* out) {
  const float d = half(block), dmin = half(block + 2);
  const Bytes scales = block + 4, high = block + 16, q = block + 48;
  for (int j = 0; j < kSuper / kSub; ++j) {
    const auto [scale, minimum] = scale_and_minimum(scales, j);
    const float factor = d * scale, offset = dmin * minimum;
    const Bytes pair = q + j / 2 * kSub;
    for (int i = 0; i < kSub; ++i) {
      const int low = j % 2 ? pair[i] >> 4 : pair[i] & 15;
      out[j * kSub + i] = factor * static_cast<float>(low | ((high[i] >> j) & 1) << 4) - offset;
    }
  }
}

// Two halves of four rows of 32: lower four bits in 64 bytes, upper two in 32; a scale for 16 values.
void dequantize_Q6_K(Bytes block, float* out) {
  const Bytes low = block, high = block + 128;
  const auto* scales = reinterpret_cast<const int8_t*>(block + 192);
  const float d = half(block + 208);
  for (int row = 0; row < kSuper / kSub; ++row) {
    const Bytes low_row = low + row / 4 * 64 + row % 2 * kSub, high_row = high + row / 4 * kSub;
    const int low_shift = row % 4 / 2 * 4, high_shift = row % 4 * 2;
    for (int i = 0; i < kSub; ++i) {
      const int q = (((low_row[i] >> low_shift) & 15) | ((high_row[i] >> high_shift) & 3) << 4) - 32;
      const float factor = d * static_cast<float>(scales[(row * kSub + i) / 16]);
      out[row * kSub + i] = factor * static_cast<float>(q);
    }
  }
}

using BlockFunction = void (*)(Bytes, float*);
struct Row {
  uint32_t number;
  BlockFunction dequantize;
};
constexpr Row kRows[] = {
#define X(name, number, elements, bytes) {number, dequantize_##name},
#include "xlt/base/gguf_types.def"
#undef X
};

}  // namespace

void dequantize_blocks(const GgufType& type, const std::byte* blocks, int64_t num_blocks, float* out) {
  const auto* bytes = reinterpret_cast<Bytes>(blocks);
  for (const Row& row : kRows) {
    if (row.number != type.number) continue;
    for (int64_t i = 0; i < num_blocks; ++i) row.dequantize(bytes + i * type.bytes, out + i * type.elements);
    return;
  }
  XLT_CHECK(false, "no such type: ", type.name);
}

}  // namespace xlt
