// SPDX-License-Identifier: Apache-2.0
// The pool of key and value slots.
#include "xlt/nn/kv_cache.h"

#include <ATen/ops/empty.h>

#include "xlt/ops/kv/kv_append.h"

namespace xlt {

KvCache::KvCache(std::span<const at::TensorOptions> layers, int64_t capacity, int64_t num_key_value_heads,
                 int64_t head_dim)
    : capacity_(capacity) {
  for (const at::TensorOptions& options : layers) {
    keys_.push_back(at::empty({capacity, num_key_value_heads, head_dim}, options));
    values_.push_back(at::empty({capacity, num_key_value_heads, head_dim}, options));
  }
}

void KvCache::append(int64_t layer, const at::Tensor& k, const at::Tensor& v, const at::Tensor& slots) {
  ops::kv_append(keys_[layer], values_[layer], k, v, slots);
}

}  // namespace xlt
