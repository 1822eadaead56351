// SPDX-License-Identifier: Apache-2.0
// What a weight in blocks is, and its values; the product by it is cpu_matmul's.
#include "xlt/ops/matmul/gguf.h"

#include "ops/matmul/gguf_kernels.h"

#include <algorithm>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include "xlt/base/error.h"
#include "xlt/base/gguf.h"

namespace xlt::ops {

bool is_gguf(const at::Tensor& weight) { return weight.scalar_type() == at::kByte && weight.dim() == 3; }

int64_t columns_of(const at::Tensor& weight) {
  if (!is_gguf(weight)) {
    XLT_CHECK(weight.dim() == 2, "a weight ", weight.sizes(), "; expected [out, in]");
    return weight.size(1);
  }
  const GgufType* type = gguf_type_of_block(weight.size(2));
  XLT_CHECK(type != nullptr, "blocks of ", weight.size(2), " bytes");
  return weight.size(1) * type->elements;
}

at::Tensor values_of(const at::Tensor& weight, at::ScalarType dtype) {
  if (!is_gguf(weight)) return weight.to(dtype);
  const int64_t rows = weight.size(0), columns = columns_of(weight), blocks = weight.size(1);
  const int64_t row_bytes = blocks * weight.size(2);
  const WidenBlocks widen = widen_blocks_of(*gguf_type_of_block(weight.size(2)));
  const at::Tensor bytes = weight.contiguous();
  at::Tensor values = at::empty({rows, columns}, at::kFloat);
  const uint8_t* from = bytes.const_data_ptr<uint8_t>();
  float* to = values.mutable_data_ptr<float>();
  const int64_t grain = std::max<int64_t>(1, 65536 / std::max<int64_t>(1, columns));
  at::parallel_for(0, rows, grain, [&](int64_t begin, int64_t end) {
    widen(from + begin * row_bytes, (end - begin) * blocks, to + begin * columns);
  });
  return values.to(dtype);
}

}  // namespace xlt::ops
