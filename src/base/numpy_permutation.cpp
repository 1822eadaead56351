// SPDX-License-Identifier: Apache-2.0
// numpy's seeded permutation: SeedSequence (O'Neill's seed_seq) → PCG64 (XSL-RR 128/64) → Fisher–Yates with
// masked rejection.
#include <array>
#include <bit>
#include <numeric>

#include "xlt/base/rng.h"

namespace xlt {

namespace {

using Uint128 = unsigned __int128;

// Entropy pool of four words, hashed as numpy.random.SeedSequence does.
class SeedSequence {
 public:
  explicit SeedSequence(uint64_t seed) {
    std::vector<uint32_t> entropy{static_cast<uint32_t>(seed)};
    if (seed >> 32) entropy.push_back(static_cast<uint32_t>(seed >> 32));
    for (size_t i = 0; i < pool_.size(); ++i) pool_[i] = hashmix(i < entropy.size() ? entropy[i] : 0);
    for (size_t from = 0; from < pool_.size(); ++from)
      for (size_t to = 0; to < pool_.size(); ++to)
        if (from != to) pool_[to] = mix(pool_[to], hashmix(pool_[from]));
  }

  std::array<uint64_t, 4> state() const {
    std::array<uint64_t, 4> words{};
    uint32_t constant = 0x8b51f9dd;
    for (size_t i = 0; i < 8; ++i) {
      uint32_t value = pool_[i % 4] ^ constant;
      constant *= 0x58f38ded;
      value *= constant;
      value ^= value >> 16;
      words[i / 2] |= uint64_t{value} << (32 * (i % 2));
    }
    return words;
  }

 private:
  uint32_t hashmix(uint32_t value) {
    value ^= constant_;
    constant_ *= 0x931e8875;
    value *= constant_;
    return value ^ (value >> 16);
  }
  static uint32_t mix(uint32_t x, uint32_t y) {
    const uint32_t result = 0xca01f9dd * x - 0x4973f715 * y;
    return result ^ (result >> 16);
  }

  uint32_t constant_ = 0x43b0d7e5;
  std::array<uint32_t, 4> pool_{};
};

class Pcg64 {
 public:
  explicit Pcg64(uint64_t seed) {
    const auto words = SeedSequence(seed).state();
    const Uint128 initial = Uint128{words[0]} << 64 | words[1];
    increment_ = (Uint128{words[2]} << 64 | words[3]) << 1 | 1;
    step();
    state_ += initial;
    step();
  }

  uint64_t next64() {
    step();
    return std::rotr(static_cast<uint64_t>(state_ >> 64) ^ static_cast<uint64_t>(state_),
                     static_cast<int>(state_ >> 122));
  }

  // Halves of one 64-bit number, low half first.
  uint32_t next32() {
    if (has_half_) {
      has_half_ = false;
      return half_;
    }
    const uint64_t bits = next64();
    has_half_ = true;
    half_ = static_cast<uint32_t>(bits >> 32);
    return static_cast<uint32_t>(bits);
  }

  // Uniform on 0 … maximum by masking and rejecting.
  uint64_t interval(uint64_t maximum) {
    if (maximum == 0) return 0;
    const uint64_t mask = std::bit_ceil(maximum + 1) - 1;
    while (true) {
      const uint64_t value = mask & (maximum <= 0xffffffff ? next32() : next64());
      if (value <= maximum) return value;
    }
  }

 private:
  void step() {
    state_ = state_ * ((Uint128{2549297995355413924u} << 64) + 4865540595714422341u) + increment_;
  }

  Uint128 state_ = 0, increment_ = 0;
  bool has_half_ = false;
  uint32_t half_ = 0;
};

}  // namespace

std::vector<int64_t> numpy_permutation(uint64_t seed, int64_t size) {
  Pcg64 generator(seed);
  std::vector<int64_t> order(size);
  std::iota(order.begin(), order.end(), 0);
  for (int64_t i = size - 1; i > 0; --i)
    std::swap(order[i], order[generator.interval(static_cast<uint64_t>(i))]);
  return order;
}

}  // namespace xlt
