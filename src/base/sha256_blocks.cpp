// SPDX-License-Identifier: Apache-2.0
#include "base/sha256_blocks.h"

#include <bit>

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace xlt {

namespace {

using RoundConstants = std::array<uint32_t, 64>;

// Fractional parts of the cube roots of the first 64 primes, in integer arithmetic: floor(cbrt(p) · 2^32) mod
// 2^32.
RoundConstants make_round_constants() {
  RoundConstants constants{};
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

const RoundConstants& round_constants() {
  static const RoundConstants kConstants = make_round_constants();
  return kConstants;
}

void compress(Sha256State& state, const char* block, const RoundConstants& k) {
  std::array<uint32_t, 64> w{};
  for (int i = 0; i < 16; ++i)
    for (int b = 0; b < 4; ++b) w[i] = w[i] << 8 | static_cast<unsigned char>(block[4 * i + b]);
  for (int i = 16; i < 64; ++i) {
    const uint32_t a = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ (w[i - 15] >> 3);
    const uint32_t b = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ (w[i - 2] >> 10);
    w[i] = w[i - 16] + a + w[i - 7] + b;
  }
  auto [a, b, c, d, e, f, g, h] = state;
  for (int i = 0; i < 64; ++i) {
    const uint32_t s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
    const uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + k[i] + w[i];
    const uint32_t s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
    const uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
  }
  const Sha256State round{a, b, c, d, e, f, g, h};
  for (int i = 0; i < 8; ++i) state[i] += round[i];
}

#ifdef __x86_64__

#define XLT_SHA_KERNEL __attribute__((target("sha,sse4.1")))

// The instructions keep the state as (f, e, b, a) and (h, g, d, c), lowest lane first, and take four words of
// the message, constants added, for two times two rounds.
XLT_SHA_KERNEL void compress_by_instructions(Sha256State& state, const char* blocks, size_t count,
                                             const RoundConstants& k) {
  const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  auto* words = reinterpret_cast<__m128i*>(state.data());
  const __m128i badc = _mm_shuffle_epi32(_mm_loadu_si128(words), 0xB1);
  const __m128i hgfe = _mm_shuffle_epi32(_mm_loadu_si128(words + 1), 0x1B);
  __m128i feba = _mm_alignr_epi8(badc, hgfe, 8), hgdc = _mm_blend_epi16(hgfe, badc, 0xF0);
  for (; count > 0; --count, blocks += kSha256Block) {
    const __m128i feba_before = feba, hgdc_before = hgdc;
    __m128i w[4];
    for (int i = 0; i < 4; ++i)
      w[i] = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(blocks) + i), big_endian);
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) {
      const __m128i four =
          _mm_add_epi32(w[i % 4], _mm_loadu_si128(reinterpret_cast<const __m128i*>(k.data()) + i));
      hgdc = _mm_sha256rnds2_epu32(hgdc, feba, four);
      feba = _mm_sha256rnds2_epu32(feba, hgdc, _mm_shuffle_epi32(four, 0x0E));
      if (i >= 12) continue;
      const __m128i seven_back = _mm_alignr_epi8(w[(i + 3) % 4], w[(i + 2) % 4], 4);
      w[i % 4] = _mm_sha256msg2_epu32(
          _mm_add_epi32(_mm_sha256msg1_epu32(w[i % 4], w[(i + 1) % 4]), seven_back), w[(i + 3) % 4]);
    }
    feba = _mm_add_epi32(feba, feba_before);
    hgdc = _mm_add_epi32(hgdc, hgdc_before);
  }
  const __m128i abef = _mm_shuffle_epi32(feba, 0x1B), dchg = _mm_shuffle_epi32(hgdc, 0xB1);
  _mm_storeu_si128(words, _mm_blend_epi16(abef, dchg, 0xF0));
  _mm_storeu_si128(words + 1, _mm_alignr_epi8(dchg, abef, 8));
}

// Not every compiler's __builtin_cpu_supports knows "sha".
bool ask_cpu() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  constexpr unsigned kSha = 1U << 29;  // of EBX, leaf 7
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & kSha) != 0 && __builtin_cpu_supports("sse4.1");
}

#else

bool ask_cpu() { return false; }
void compress_by_instructions(Sha256State&, const char*, size_t, const RoundConstants&) {}

#endif

}  // namespace

bool has_sha256_instructions() {
  static const bool kHas = ask_cpu();
  return kHas;
}

void sha256_blocks_plain(Sha256State& state, const char* blocks, size_t count) {
  for (size_t i = 0; i < count; ++i) compress(state, blocks + i * kSha256Block, round_constants());
}

void sha256_blocks(Sha256State& state, const char* blocks, size_t count) {
  if (has_sha256_instructions())
    compress_by_instructions(state, blocks, count, round_constants());
  else
    sha256_blocks_plain(state, blocks, count);
}

}  // namespace xlt
