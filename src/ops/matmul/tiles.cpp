// SPDX-License-Identifier: Apache-2.0
#include "ops/matmul/tiles.h"

#include "ops/lanes.h"

#include <cmath>
#include <limits>

#include <sys/syscall.h>
#include <unistd.h>

#include "xlt/base/error.h"

namespace xlt::ops {

namespace {

// Subnormal operands and results count as zeros of their sign.
float flushed(float value) {
  return std::fabs(value) < std::numeric_limits<float>::min() ? std::copysign(0.0f, value) : value;
}

float half_of(uint32_t pair, int which) {
  return flushed(std::bit_cast<float>(which == 0 ? pair << 16 : pair & 0xffff0000u));
}

uint32_t lane_of(const char* row, int64_t i) {
  uint32_t lane;
  std::memcpy(&lane, row + i * static_cast<int64_t>(sizeof lane), sizeof lane);
  return lane;
}

}  // namespace

// First and second elements of the pairs are summed apart, each by fused multiply-adds from 0; then both, and
// that to what C held.
void ModelTiles::add_products(int c, int a, int b) {
  const int64_t depth = config_.row_bytes[a] / 4, columns = config_.row_bytes[c] / 4;
  XLT_CHECK(config_.rows[a] == config_.rows[c] && config_.row_bytes[b] == config_.row_bytes[c] &&
                config_.rows[b] == depth && depth > 0 && columns > 0 && config_.rows[c] > 0,
            "tiles that do not fit each other");
  for (int64_t m = 0; m < config_.rows[c]; ++m)
    for (int64_t n = 0; n < columns; ++n) {
      float sums[2] = {};
      for (int64_t k = 0; k < depth; ++k)
        for (int half = 0; half < 2; ++half)
          sums[half] = flushed(std::fma(half_of(lane_of(values_[a][m], k), half),
                                        half_of(lane_of(values_[b][k], n), half), sums[half]));
      float total = 0;
      char* place = values_[c][m] + n * static_cast<int64_t>(sizeof total);
      std::memcpy(&total, place, sizeof total);
      total = flushed(flushed(total) + flushed(sums[0] + sums[1]));
      std::memcpy(place, &total, sizeof total);
    }
}

#ifdef XLT_HAS_AVX_KERNELS

namespace {

bool may_use_tiles() {
  constexpr long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, asm/prctl.h
  return __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-bf16") &&
         ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

struct Sample {
  float c[kTileRows][kTileRows];
  uint16_t a[kTileRows][2 * kTileRows], b[kTileRows][2 * kTileRows];
};

// Values of all magnitudes that sums of 32 products keep finite, subnormal ones among them.
Sample make_sample() {
  Sample sample;
  uint32_t state = 12345;
  const auto next = [&state] { return state = state * 1664525u + 1013904223u, state >> 16; };
  const auto half = [&] {
    const uint32_t bits = next();
    return static_cast<uint16_t>((bits & 0x80ff) |
                                 (bits % 61 == 0 ? 0 : (64 + bits / 256 % 64) << 7 & 0x7f80));
  };
  for (int64_t i = 0; i < kTileRows; ++i)
    for (int64_t j = 0; j < 2 * kTileRows; ++j) sample.a[i][j] = half(), sample.b[i][j] = half();
  for (auto& row : sample.c)
    for (float& value : row) value = std::bit_cast<float>(static_cast<uint32_t>(half()) << 16 | next());
  return sample;
}

template <typename Tiles>
Sample multiplied(Tiles tiles, Sample sample, int64_t m, int64_t n, int64_t k) {
  TileConfig config;
  config.set(kC00, m, n * 4);
  config.set(kA0, m, k * 4);
  config.set(kB0, k, n * 4);
  tiles.configure(config);
  tiles.template load<kC00>(sample.c, sizeof sample.c[0]);
  tiles.template load<kA0>(sample.a, sizeof sample.a[0]);
  tiles.template load<kB0>(sample.b, sizeof sample.b[0]);
  tiles.template multiply<kC00, kA0, kB0>();
  tiles.template store<kC00>(sample.c, sizeof sample.c[0]);
  tiles.release();
  return sample;
}

bool do_what_the_model_does() {
  const Sample sample = make_sample();
  for (const auto& [m, n, k] : {std::array<int64_t, 3>{16, 16, 16}, {16, 16, 5}, {3, 16, 16}, {7, 9, 1}}) {
    const Sample mine = multiplied(HardwareTiles(), sample, m, n, k),
                 expected = multiplied(ModelTiles(), sample, m, n, k);
    if (std::memcmp(mine.c, expected.c, sizeof mine.c) != 0) return false;
  }
  return true;
}

}  // namespace

bool has_tiles() {
  static const bool kHas = may_use_tiles() && do_what_the_model_does();
  return kHas;
}

#else

bool has_tiles() { return false; }

#endif

}  // namespace xlt::ops
