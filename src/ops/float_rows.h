// SPDX-License-Identifier: Apache-2.0
// Reductions and maps over a row of float32 on the CPU, shared by the head and attention. Inside `ops` only.
#pragma once

#include <cstdint>

namespace xlt::ops {

// Largest of a row; NaN if one is there.
float largest_of(const float* x, int64_t length);
// Σ exp(factor · (x − highest)), 1,024 at a time in float32, those in float64.
double sum_of_exponentials(const float* x, int64_t length, float highest, float factor);
// weights[i] = exp(factor · (x[i] − highest)): the same bits as inside sum_of_exponentials.
void exponentials(const float* x, int64_t length, float highest, float factor, float* weights);
// x ← factor · x
void scale_row(float* x, int64_t length, float factor);

}  // namespace xlt::ops
