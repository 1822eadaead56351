// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4).
#include "base/byte_source.h"

#include <array>
#include <bit>
#include <cstring>
#include <vector>

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {

namespace {

// Fractional parts of the cube roots of the first 64 primes, in integer arithmetic: floor(cbrt(p) · 2^32) mod
// 2^32.
std::array<uint32_t, 64> round_constants() {
  std::array<uint32_t, 64> constants{};
  int count = 0;
  for (uint64_t p = 2; count < 64; ++p) {
    bool is_prime = true;
    for (uint64_t d = 2; d * d <= p; ++d) is_prime = is_prime && p % d != 0;
    if (!is_prime) continue;
    unsigned __int128 root = 0;  // largest r with r³ ≤ p · 2^96
    for (int bit = 35; bit >= 0; --bit) {
      const unsigned __int128 trial = root | (static_cast<unsigned __int128>(1) << bit);
      if (trial * trial * trial <= (static_cast<unsigned __int128>(p) << 96)) root = trial;
    }
    constants[count++] = static_cast<uint32_t>(root);
  }
  return constants;
}

class Sha256 {
 public:
  void update(const char* bytes, size_t size) {
    length_ += size;
    while (size > 0) {
      const size_t taken = std::min(size, block_.size() - filled_);
      std::memcpy(block_.data() + filled_, bytes, taken);
      filled_ += taken;
      bytes += taken;
      size -= taken;
      if (filled_ == block_.size()) compress();
    }
  }

  std::string hex() {
    const uint64_t bits = length_ * 8;
    const char one = static_cast<char>(0x80), zero = 0;
    update(&one, 1);
    while (filled_ != 56) update(&zero, 1);
    char tail[8];
    for (int i = 0; i < 8; ++i) tail[i] = static_cast<char>(bits >> (56 - 8 * i));
    update(tail, 8);
    std::string text;
    for (uint32_t word : state_)
      for (int shift = 28; shift >= 0; shift -= 4) text += "0123456789abcdef"[(word >> shift) & 15];
    return text;
  }

 private:
  void compress() {
    static const std::array<uint32_t, 64> k = round_constants();
    std::array<uint32_t, 64> w{};
    for (int i = 0; i < 16; ++i)
      for (int b = 0; b < 4; ++b) w[i] = w[i] << 8 | static_cast<unsigned char>(block_[4 * i + b]);
    for (int i = 16; i < 64; ++i) {
      const uint32_t a = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ (w[i - 15] >> 3);
      const uint32_t b = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ (w[i - 2] >> 10);
      w[i] = w[i - 16] + a + w[i - 7] + b;
    }
    auto [a, b, c, d, e, f, g, h] = state_;
    for (int i = 0; i < 64; ++i) {
      const uint32_t s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
      const uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + k[i] + w[i];
      const uint32_t s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
      const uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    const std::array<uint32_t, 8> round{a, b, c, d, e, f, g, h};
    for (int i = 0; i < 8; ++i) state_[i] += round[i];
    filled_ = 0;
  }

  std::array<uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<char, 64> block_{};
  size_t filled_ = 0;
  uint64_t length_ = 0;
};

}  // namespace

std::string sha256(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes.data(), bytes.size());
  return hash.hex();
}

std::string sha256_of_file(const fs::path& file) {
  ByteSource source(file);
  Sha256 hash;
  std::vector<char> buffer(1 << 20);
  while (const size_t count = source.read(buffer)) hash.update(buffer.data(), count);
  return hash.hex();
}

}  // namespace xlt
