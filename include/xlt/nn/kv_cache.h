// SPDX-License-Identifier: Apache-2.0
// Keys and values of past tokens, one pool of slots a layer. Slots are handed out by whoever decodes (lm); a
// span of slots may be read by many segments (25 samples of one prompt) and is never copied.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

namespace xlt {

class KvCache {
 public:
  // A pool as each of `layers` says, on the layer's device. Memory: layers · 2 · capacity ·
  // num_key_value_heads · head_dim elements.
  KvCache(std::span<const at::TensorOptions> layers, int64_t capacity, int64_t num_key_value_heads,
          int64_t head_dim);
  int64_t capacity() const { return capacity_; }
  // Writes k, v [N, K, D] of a batch's tokens into the slots its segments name (TokenBatch::cache_slots), [N]
  // int64 on the layer's device.
  void append(int64_t layer, const at::Tensor& k, const at::Tensor& v, const at::Tensor& slots);
  const at::Tensor& keys(int64_t layer) const { return keys_[layer]; }      // [capacity, K, D]
  const at::Tensor& values(int64_t layer) const { return values_[layer]; }  // [capacity, K, D]

 private:
  int64_t capacity_;
  std::vector<at::Tensor> keys_, values_;
};

}  // namespace xlt
