// SPDX-License-Identifier: Apache-2.0
#include "train/fingerprint.h"

#include <algorithm>
#include <string>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/sum.h>

#include "xlt/base/error.h"

namespace xlt {

namespace {
constexpr int64_t kBlock = int64_t{1}
                           << 20;  // bytes; part of what the hash is, so that threads do not matter
constexpr int64_t kChunk = int64_t{1} << 22;  // words that a device takes at a time

std::string head_of(const at::Tensor& values) {
  return str_cat(toString(values.scalar_type()), values.sizes(), '\n');
}

// z ^ (z >> bits) as of an unsigned number.
void fold(at::Tensor& z, int64_t bits) {
  z.bitwise_xor_(z.bitwise_right_shift(bits).bitwise_and_((int64_t{1} << (64 - bits)) - 1));
}

// Σ over words of a function of the word and its place: Steele et al. 2014, "Fast Splittable Pseudorandom
// Number Generators" (SplitMix64's last steps), of both. Whole numbers that wrap round have one sum in any
// order.
at::Tensor sum_of_words(const at::Tensor& words, int64_t begin, int64_t seed) {
  at::Tensor z = at::arange(begin + 1, begin + 1 + words.numel(), words.options());
  z.mul_(static_cast<int64_t>(0x9E3779B97F4A7C15)).add_(seed).bitwise_xor_(words);
  fold(z, 30);
  z.mul_(static_cast<int64_t>(0xBF58476D1CE4E5B9));
  fold(z, 27);
  z.mul_(static_cast<int64_t>(0x94D049BB133111EB));
  fold(z, 31);
  return z.sum();
}

}  // namespace

Hash128 fingerprint(const at::Tensor& tensor) {
  if (!tensor.is_cpu()) return fingerprint_on_device(tensor);
  const at::Tensor values = tensor.detach().to(at::kCPU).contiguous();
  const char* bytes = static_cast<const char*>(values.const_data_ptr());
  const int64_t size = static_cast<int64_t>(values.nbytes()), num_blocks = (size + kBlock - 1) / kBlock;
  std::vector<Hash128> blocks(num_blocks);
  at::parallel_for(0, num_blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block)
      blocks[block] =
          hash128({bytes + block * kBlock, static_cast<size_t>(std::min(kBlock, size - block * kBlock))});
  });
  std::string summary = head_of(values);
  summary.append(reinterpret_cast<const char*>(blocks.data()), blocks.size() * sizeof(Hash128));
  return hash128(summary);
}

Hash128 fingerprint_on_device(const at::Tensor& tensor) {
  at::Tensor values = tensor.detach().contiguous();
  // Words are read where they begin in memory: a view from the middle of one is copied, to give what its copy
  // gives.
  if (values.storage_offset() * values.element_size() % 8 != 0) values = values.clone();
  const at::Tensor bytes = values.view({-1}).view(at::kByte);
  const bool is_whole = bytes.numel() % 8 == 0;
  const at::Tensor words = is_whole ? bytes.view(at::kLong) : bytes;
  std::vector<at::Tensor> sums;
  for (int64_t begin = 0; begin < words.numel(); begin += kChunk) {
    const at::Tensor chunk = words.narrow(0, begin, std::min(kChunk, words.numel() - begin)).to(at::kLong);
    for (const int64_t seed : {int64_t{0}, static_cast<int64_t>(0xD1B54A32D192ED03)})
      sums.push_back(sum_of_words(chunk, begin, seed));
  }
  std::string summary = head_of(values);
  if (!sums.empty()) {
    const at::Tensor host = at::stack(sums).to(at::kCPU);
    summary.append(static_cast<const char*>(host.const_data_ptr()), host.nbytes());
  }
  return hash128(summary);
}

}  // namespace xlt
