// SPDX-License-Identifier: Apache-2.0
// Double quantisation (Dettmers et al. 2023, section 3): the scales of a weight in few bits, themselves in 8
// bits; bit for bit as bitsandbytes 0.50 makes them on a CPU.
#pragma once

#include <ATen/core/Tensor.h>

namespace xlt::ops {

// scale[i] = level(code i) · absmax[i / 256] + offset. All on the CPU.
struct Nf4Scales {
  at::Tensor codes;   // uint8 [n]
  at::Tensor absmax;  // float32 [⌈n / 256⌉]
  float offset = 0;   // the mean of the scales
  bool is_defined() const { return codes.defined(); }
};

// The 256 levels of 8 bits, ascending, from −0.993 to 1, of which each power of ten has twice as many as the
// one below it (Dettmers 2016, "8-Bit Approximations for Parallelism in Deep Learning", arXiv 1511.04561):
// float32 on the CPU.
at::Tensor dynamic_levels();

// scales float32 [n], on any device.
Nf4Scales quantize_scales(const at::Tensor& scales);
// → float32 [n] on the CPU.
at::Tensor dequantize_scales(const Nf4Scales& scales);

}  // namespace xlt::ops
