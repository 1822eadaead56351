// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/hash128.h"

#include <bit>
#include <cstdio>
#include <cstring>

namespace xlt {

namespace {

static_assert(std::endian::native == std::endian::little, "words are read as they lie");

constexpr uint64_t kFirst = 0x87c37b91114253d5, kSecond = 0x4cf5ad432745937f;

uint64_t word_at(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

uint64_t scramble_low(uint64_t word) { return std::rotl(word * kFirst, 31) * kSecond; }
uint64_t scramble_high(uint64_t word) { return std::rotl(word * kSecond, 33) * kFirst; }

uint64_t finish(uint64_t x) {
  x = (x ^ (x >> 33)) * 0xff51afd7ed558ccd;
  x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53;
  return x ^ (x >> 33);
}

}  // namespace

Hash128 hash128(std::string_view bytes, uint32_t seed) {
  uint64_t low = seed, high = seed;
  const char* next = bytes.data();
  const size_t num_blocks = bytes.size() / 16, tail = bytes.size() % 16;
  for (size_t block = 0; block < num_blocks; ++block, next += 16) {
    low = (std::rotl(low ^ scramble_low(word_at(next)), 27) + high) * 5 + 0x52dce729;
    high = (std::rotl(high ^ scramble_high(word_at(next + 8)), 31) + low) * 5 + 0x38495ab5;
  }
  // The last block is filled with zeros; the length below tells it from a longer one.
  char last[16] = {};
  if (tail > 0) std::memcpy(last, next, tail);
  high ^= scramble_high(word_at(last + 8));
  low ^= scramble_low(word_at(last));

  low ^= bytes.size();
  high ^= bytes.size();
  low += high;
  high += low;
  low = finish(low);
  high = finish(high);
  low += high;
  high += low;
  return {low, high};
}

std::string to_hex(const Hash128& hash) {
  char text[33];
  std::snprintf(text, sizeof(text), "%016llx%016llx", static_cast<unsigned long long>(hash.low),
                static_cast<unsigned long long>(hash.high));
  return text;
}

}  // namespace xlt
