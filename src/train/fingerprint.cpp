// SPDX-License-Identifier: Apache-2.0
#include "train/fingerprint.h"

#include <algorithm>
#include <string>
#include <vector>

#include <ATen/Parallel.h>

#include "xlt/base/error.h"

namespace xlt {

namespace {
constexpr int64_t kBlock = int64_t{1}
                           << 20;  // bytes; part of what the hash is, so that threads do not matter
}

Hash128 fingerprint(const at::Tensor& tensor) {
  const at::Tensor values = tensor.detach().to(at::kCPU).contiguous();
  const char* bytes = static_cast<const char*>(values.const_data_ptr());
  const int64_t size = static_cast<int64_t>(values.nbytes()), num_blocks = (size + kBlock - 1) / kBlock;
  std::vector<Hash128> blocks(num_blocks);
  at::parallel_for(0, num_blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block)
      blocks[block] =
          hash128({bytes + block * kBlock, static_cast<size_t>(std::min(kBlock, size - block * kBlock))});
  });
  std::string summary = str_cat(toString(values.scalar_type()), values.sizes(), '\n');
  summary.append(reinterpret_cast<const char*>(blocks.data()), blocks.size() * sizeof(Hash128));
  return hash128(summary);
}

}  // namespace xlt
