// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/rng.h"

#include <cmath>
#include <numbers>
#include <numeric>

#include "xlt/base/error.h"

namespace xlt {

std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53} * counter[0], b = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(b),
               static_cast<uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(a)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

uint64_t hash64(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (unsigned char byte : bytes) hash = (hash ^ byte) * 0x100000001b3;
  return hash;
}

namespace {

// The numbers 2 · block and 2 · block + 1 of a key's stream; `lane` separates numbers from forks.
std::array<uint64_t, 2> draw_two(uint64_t key, uint64_t block, uint32_t lane) {
  const auto out = philox4x32({static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32), lane, 0},
                              {static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32)});
  return {uint64_t{out[1]} << 32 | out[0], uint64_t{out[3]} << 32 | out[2]};
}

uint64_t draw(uint64_t key, uint64_t index, uint32_t lane) {
  return draw_two(key, index / 2, lane)[index % 2];
}

double unit(uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1.0p-53; }

}  // namespace

Rng Rng::fork(uint64_t name) const { return Rng(draw(key_, name, 1) ^ draw(name, key_, 2)); }
uint64_t Rng::next() { return draw(key_, position_++, 0); }
double Rng::uniform() { return unit(next()); }
double Rng::uniform_at(uint64_t index) const { return unit(draw(key_, index, 0)); }

void Rng::uniforms(std::span<double> numbers) {
  size_t i = 0;
  if (position_ % 2 == 1 && !numbers.empty()) numbers[i++] = uniform();
  for (; i + 1 < numbers.size(); i += 2, position_ += 2) {
    const auto two = draw_two(key_, position_ / 2, 0);
    numbers[i] = unit(two[0]);
    numbers[i + 1] = unit(two[1]);
  }
  if (i < numbers.size()) numbers[i] = uniform();
}

double Rng::normal() {
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

int64_t Rng::below(int64_t limit) {
  XLT_CHECK(limit > 0, "limit ", limit);
  const auto range = static_cast<uint64_t>(limit);
  const uint64_t threshold = -range % range;  // 2^64 mod range: below it lies the biased part
  uint64_t bits = next();
  while (bits < threshold) bits = next();
  return static_cast<int64_t>(bits % range);
}

std::vector<int64_t> Rng::permutation(int64_t size) {
  std::vector<int64_t> order(size);
  std::iota(order.begin(), order.end(), 0);
  for (int64_t i = size - 1; i > 0; --i) std::swap(order[i], order[below(i + 1)]);
  return order;
}

}  // namespace xlt
