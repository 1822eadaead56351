// SPDX-License-Identifier: Apache-2.0
// CPU kernel of kv_append.
#include "ops/kv/kv_append_kernels.h"

#include <algorithm>
#include <cstring>

#include <ATen/Parallel.h>

namespace xlt::ops::cpu {
namespace {

constexpr int64_t kTaskBytes = int64_t{1} << 17;  // a thread takes at least

void copy_row(const KvAppendArgs& args, const KvRows& rows, int64_t row) {
  std::memcpy(static_cast<char*>(rows.to) + args.slots[row] * args.row_bytes,
              static_cast<const char*>(rows.from) + row * rows.stride, static_cast<size_t>(args.row_bytes));
}

}  // namespace

void kv_append(const KvAppendArgs& args, const KernelStream&) {
  const int64_t grain = std::max<int64_t>(1, kTaskBytes / args.row_bytes);
  at::parallel_for(0, args.rows, grain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      copy_row(args, args.keys, row);
      copy_row(args, args.values, row);
    }
  });
}

}  // namespace xlt::ops::cpu
