// SPDX-License-Identifier: Apache-2.0
// The tile registers of Intel's AMX and their product of bfloat16 pairs (TDPBF16PS), and a model of both in
// plain C++ after the Software Developer's Manual, volume 2: kernels are templates of either, so that they
// run, and are tested, on machines without tiles. Inside `ops` only.
#pragma once

#include "ops/cpu_kernel.h"

#include <cstdint>
#include <cstring>

namespace xlt::ops {

// Eight tiles of up to 16 rows of 64 bytes. What a kernel holds in which: sums C of 2 × 2 tiles, two of A's
// rows, two of B's columns.
inline constexpr int kC00 = 0, kC01 = 1, kC10 = 2, kC11 = 3, kA0 = 4, kA1 = 5, kB0 = 6, kB1 = 7;
inline constexpr int64_t kTileRows = 16, kTileBytes = 64;

// The 64 bytes that LDTILECFG reads.
struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};

  void set(int tile, int64_t tile_rows, int64_t bytes) {
    rows[tile] = static_cast<uint8_t>(tile_rows);
    row_bytes[tile] = static_cast<uint16_t>(bytes);
  }
};
static_assert(sizeof(TileConfig) == 64);

#ifdef XLT_HAS_AVX_KERNELS
// Assembler by its name, not intrinsics: those are only inlined into functions compiled for AMX. The compiler
// keeps nothing in tiles itself, and volatile statements stay in their order.
struct HardwareTiles {
  static XLT_INLINE void configure(const TileConfig& config) { asm volatile("ldtilecfg %0" ::"m"(config)); }
  static XLT_INLINE void release() { asm volatile("tilerelease"); }
  template <int kTile>
  static XLT_INLINE void clear() {
    asm volatile("tilezero %%tmm%c0" ::"i"(kTile));
  }
  template <int kTile>
  static XLT_INLINE void load(const void* from, int64_t stride) {
    asm volatile("tileloadd (%1,%2,1), %%tmm%c0" ::"i"(kTile), "r"(from), "r"(stride) : "memory");
  }
  template <int kTile>
  static XLT_INLINE void store(void* to, int64_t stride) {
    asm volatile("tilestored %%tmm%c0, (%1,%2,1)" ::"i"(kTile), "r"(to), "r"(stride) : "memory");
  }
  template <int kC, int kA, int kB>
  static XLT_INLINE void multiply() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(kC), "i"(kA), "i"(kB));
  }
};
#endif

// What the manual says the instructions do, element by element.
class ModelTiles {
 public:
  void configure(const TileConfig& config) {
    config_ = config;
    std::memset(values_, 0, sizeof values_);
  }
  void release() {}
  template <int kTile>
  void clear() {
    std::memset(values_[kTile], 0, sizeof values_[kTile]);
  }
  template <int kTile>
  void load(const void* from, int64_t stride) {
    clear<kTile>();
    for (int64_t row = 0; row < config_.rows[kTile]; ++row)
      std::memcpy(values_[kTile][row], static_cast<const char*>(from) + row * stride,
                  config_.row_bytes[kTile]);
  }
  template <int kTile>
  void store(void* to, int64_t stride) const {
    for (int64_t row = 0; row < config_.rows[kTile]; ++row)
      std::memcpy(static_cast<char*>(to) + row * stride, values_[kTile][row], config_.row_bytes[kTile]);
  }
  template <int kC, int kA, int kB>
  void multiply() {
    add_products(kC, kA, kB);
  }

 private:
  void add_products(int c, int a, int b);

  TileConfig config_;
  char values_[8][kTileRows][kTileBytes];
};

// Whether this process may use tiles, and they do what the model does: asked once, of the processor, of the
// kernel, which grants their state to a process (Linux 5.16), and of a few products.
bool has_tiles();

}  // namespace xlt::ops
