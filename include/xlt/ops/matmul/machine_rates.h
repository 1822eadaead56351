// SPDX-License-Identifier: Apache-2.0
// How fast this machine multiplies matrices, by every library at hand, and copies memory: what `linear`'s
// choice rests on, and what any other speed can be held against.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "xlt/base/placement.h"

namespace xlt::ops {

struct MatmulRate {
  std::string library;     // "xlt", "mkl", "onednn"; "device" on a GPU
  double gflops = 0;       // 2 · rows · out · in / the median time of `repeats`, in 10⁹ a second
  bool is_chosen = false;  // what `linear` takes for this weight
};

// [rows, in] · [out, in]ᵀ with weights of `where.dtype`; operands beyond the caches where the weight is.
std::vector<MatmulRate> measure_matmul(const Placement& where, int64_t rows, int64_t out, int64_t in,
                                       int64_t repeats);

// Multiply-adds of every matrix product on the CPU since the process began; attention's are not among them.
int64_t num_multiply_adds();

// 10⁹ bytes a second, read and written, over 256 MiB.
double measure_copy(const Placement& where, int64_t repeats);

}  // namespace xlt::ops
