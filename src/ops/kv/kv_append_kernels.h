// SPDX-License-Identifier: Apache-2.0
// Kernels of kv_append. Inside `ops` only.
#pragma once

#include "ops/kernel_types.h"

#include <cstdint>

namespace xlt::ops {

// Rows of `row_bytes` bytes: of the new ones, the first of each lies `stride` bytes after the one before.
struct KvRows {
  const void* from = nullptr;
  int64_t stride = 0;
  void* to = nullptr;  // dense
};
struct KvAppendArgs {
  int64_t rows = 0, row_bytes = 0;  // row_bytes is even
  const int64_t* slots = nullptr;   // [rows]
  KvRows keys, values;
};
namespace cpu {
void kv_append(const KvAppendArgs& args, const KernelStream& stream);
}
namespace cuda {
void kv_append(const KvAppendArgs& args, const KernelStream& stream);
}

}  // namespace xlt::ops
