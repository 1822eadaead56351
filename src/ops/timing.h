// SPDX-License-Identifier: Apache-2.0
// How long a call takes. Inside `ops` and its benchmark only.
#pragma once

#include <cstdint>
#include <functional>

#include <ATen/core/Tensor.h>

namespace xlt::ops {

// Median seconds of a call, of `repeats`; one that takes less than a clock can tell is repeated inside each.
// A device has done its work once an element of the result has been read.
double median_seconds(const std::function<at::Tensor()>& call, int64_t repeats);

}  // namespace xlt::ops
