// SPDX-License-Identifier: Apache-2.0
// Counter-based random numbers: Philox4x32-10 (Salmon et al., SC 2011, "Parallel random numbers: as easy as
// 1, 2, 3"). The k-th number of a stream is a pure function of (key, k), so neither batch size nor order nor
// a restart changes it.
//
//   Rng rng = Rng(seed).fork("sampling").fork(prompt_hash).fork(sample_idx);
//   double u = rng.uniform();
//
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace xlt {

std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);
// FNV-1a, 64 bits; for turning ids into stream names.
uint64_t hash64(std::string_view bytes);

class Rng {
 public:
  explicit Rng(uint64_t seed) : key_(seed) {}
  // An independent stream that depends on this one's key and `name`, not on how many numbers were drawn.
  Rng fork(uint64_t name) const;
  Rng fork(std::string_view name) const { return fork(hash64(name)); }

  uint64_t next();                                 // 64 random bits
  double uniform();                                // [0, 1), 53 bits
  void uniforms(std::span<double> numbers);        // as many of uniform()'s next, faster
  double normal();                                 // standard normal (Box–Muller, one of the pair)
  int64_t below(int64_t limit);                    // uniform on 0 … limit − 1, without modulo bias
  std::vector<int64_t> permutation(int64_t size);  // Fisher–Yates
  // The number at position `index`, without moving the stream.
  double uniform_at(uint64_t index) const;

  uint64_t key() const { return key_; }
  uint64_t position() const { return position_; }
  void set_position(uint64_t position) { position_ = position; }

 private:
  uint64_t key_;
  uint64_t position_ = 0;
};

// numpy's `default_rng(seed).permutation(size)` (SeedSequence → PCG64 → Lemire), which Hugging Face's
// `train_test_split(seed=…)` uses; so an evaluation split is the published one, row for row.
std::vector<int64_t> numpy_permutation(uint64_t seed, int64_t size);

}  // namespace xlt
