// SPDX-License-Identifier: Apache-2.0
// The CUDA kernel of sample. Torch-free. Inside `ops` only.
#pragma once

#include "ops/kernel_types.h"

#include <cstdint>

namespace xlt::ops {

struct SampleArgs {
  const float* logits = nullptr;     // [rows, vocabulary], dense
  const double* uniforms = nullptr;  // [rows], in [0, 1)
  int64_t* ids = nullptr;            // [rows]; −1: the row's logits are not finite
  int64_t rows = 0, vocabulary = 0;
  float factor = 1;   // 1 / temperature
  int64_t top_k = 0;  // 0: all
  double top_p = 1;   // 1: all
  bool greedy = false;
};

namespace cuda {
void sample(const SampleArgs& args, const KernelStream& stream);
}

}  // namespace xlt::ops
