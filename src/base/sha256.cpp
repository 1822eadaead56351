// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4).
#include "base/byte_source.h"
#include "base/sha256_blocks.h"

#include <algorithm>
#include <array>
#include <vector>

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {

namespace {

class Sha256 {
 public:
  void update(const char* bytes, size_t size) {
    length_ += size;
    if (filled_ > 0) {
      const size_t taken = std::min(size, block_.size() - filled_);
      std::copy_n(bytes, taken, block_.data() + filled_);
      filled_ += taken;
      bytes += taken;
      size -= taken;
      if (filled_ < block_.size()) return;
      sha256_blocks(state_, block_.data(), 1);
    }
    const size_t whole = size / kSha256Block;
    sha256_blocks(state_, bytes, whole);
    filled_ = size % kSha256Block;
    std::copy_n(bytes + whole * kSha256Block, filled_, block_.data());
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
  Sha256State state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<char, kSha256Block> block_{};
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
