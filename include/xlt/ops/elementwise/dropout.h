// SPDX-License-Identifier: Apache-2.0
// Dropout whose mask is a pure function of a key, a row's name and an element's place in the row, so that
// backward makes it again instead of keeping it, and a row's mask does not depend on the rows beside it.
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace xlt::ops {

struct Dropout {
  double p = 0;      // share of elements set to 0, in [0, 1); 0: none
  uint64_t key = 0;  // another key, another mask
  // [N] int64 on x's device: what x's rows are called, wherever they lie; rows of one name get one mask.
  // Undefined: 0, 1, 2 …
  at::Tensor rows;
};

// x [..., C], N rows of C: y = x / (1 − p) where an element is kept, else 0 (Srivastava et al. 2014, inverted
// as in torch). Any floating dtype, CPU and CUDA; the mask depends on neither, nor on the number of threads.
// Differentiable. Fewer than 2³² elements.
at::Tensor dropout(const at::Tensor& x, const Dropout& options);
// y += dropout(x, options), in one pass; y dense, of x's shape and dtype. No gradient.
void add_dropout(at::Tensor& y, const at::Tensor& x, const Dropout& options);

}  // namespace xlt::ops
