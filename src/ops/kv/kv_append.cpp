// SPDX-License-Identifier: Apache-2.0
// kv_append: checks and the choice of backend.
#include "xlt/ops/kv/kv_append.h"

#include "ops/dispatch.h"
#include "ops/kv/kv_append_kernels.h"

#include "xlt/base/error.h"

namespace xlt::ops {
namespace {

// Rows that are dense inside, whatever lies between them.
at::Tensor dense_inside(const at::Tensor& x) {
  return x.stride(2) == 1 && x.stride(1) == x.size(2) ? x : x.contiguous();
}

KvRows rows_of(const at::Tensor& from, const at::Tensor& to) {
  return {from.const_data_ptr(), from.stride(0) * from.element_size(), to.mutable_data_ptr()};
}

void check_shapes(const at::Tensor& cache, const at::Tensor& rows, const at::Tensor& slots) {
  XLT_CHECK(cache.dim() == 3 && cache.is_contiguous() && rows.dim() == 3 &&
                rows.sizes().slice(1) == cache.sizes().slice(1) && slots.dim() == 1 &&
                slots.size(0) == rows.size(0) && slots.scalar_type() == at::kLong && slots.is_contiguous(),
            "kv_append: cache ", cache.sizes(), " [S, K, D], rows ", rows.sizes(), " [N, K, D], slots ",
            slots.sizes(), " [N] ", toString(slots.scalar_type()));
  XLT_CHECK(rows.scalar_type() == cache.scalar_type() && rows.device() == cache.device() &&
                slots.device() == cache.device(),
            "kv_append: ", rows.toString(), " into ", cache.toString(), ", slots on ", slots.device().str());
}

}  // namespace

void kv_append(const at::Tensor& keys, const at::Tensor& values, const at::Tensor& k, const at::Tensor& v,
               const at::Tensor& slots) {
  check_shapes(keys, k, slots);
  check_shapes(values, v, slots);
  XLT_CHECK(keys.sizes() == values.sizes() && keys.scalar_type() == values.scalar_type(), "kv_append: keys ",
            keys.sizes(), ", values ", values.sizes());
  kernel_dtype(keys);  // refuses others
  if (k.numel() == 0) return;
  if (slots.is_cpu())
    for (int64_t i = 0; i < slots.size(0); ++i)
      XLT_CHECK(slots.const_data_ptr<int64_t>()[i] >= 0 && slots.const_data_ptr<int64_t>()[i] < keys.size(0),
                "kv_append: slot ", slots.const_data_ptr<int64_t>()[i], " of ", keys.size(0));
  const at::Tensor new_keys = dense_inside(k), new_values = dense_inside(v);
  const KvAppendArgs args{k.size(0), k.size(1) * k.size(2) * static_cast<int64_t>(k.element_size()),
                          slots.const_data_ptr<int64_t>(), rows_of(new_keys, keys),
                          rows_of(new_values, values)};
  XLT_DISPATCH(keys.device(), kv_append, args);
}

}  // namespace xlt::ops
