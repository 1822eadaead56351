// SPDX-License-Identifier: Apache-2.0
// p-values of many tests, corrected for their number. Each result stands where its p stood.
#pragma once

#include <span>
#include <vector>

namespace xlt {

// Family-wise error rate (Holm 1979): any false rejection among all.
std::vector<double> holm(std::span<const double> p_values);
// False discovery rate (Benjamini & Hochberg 1995): the expected share of rejections that are false.
std::vector<double> benjamini_hochberg(std::span<const double> p_values);

}  // namespace xlt
