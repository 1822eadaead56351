// SPDX-License-Identifier: Apache-2.0
// The pool of key and value slots.
#include "xlt/nn/kv_cache.h"

#include <ATen/ops/empty.h>

#include "xlt/ops/kv/kv_append.h"

namespace xlt {

KvCache::KvCache(int64_t num_layers, int64_t capacity, int64_t num_key_value_heads, int64_t head_dim,
                 const at::TensorOptions& options)
    : capacity_(capacity) {
  for (int64_t layer = 0; layer < num_layers; ++layer) {
    keys_.push_back(at::empty({capacity, num_key_value_heads, head_dim}, options));
    values_.push_back(at::empty({capacity, num_key_value_heads, head_dim}, options));
  }
}

void KvCache::append(int64_t layer, const at::Tensor& k, const at::Tensor& v, const at::Tensor& slots) {
  ops::kv_append(keys_[layer], values_[layer], k, v, slots);
}

}  // namespace xlt
