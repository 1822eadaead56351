// SPDX-License-Identifier: Apache-2.0
// Distribution functions and quantiles: normal, Student's t, beta. About 13 digits.
#pragma once

namespace xlt {

double normal_cdf(double z);
double normal_quantile(double p);  // 0 < p < 1

// P(T ≤ t); `degrees_of_freedom` > 0, not necessarily whole.
double t_cdf(double t, double degrees_of_freedom);
double t_quantile(double p, double degrees_of_freedom);
// P(|T| ≥ |t|), exact far out in the tail.
double t_two_sided(double t, double degrees_of_freedom);

// The regularised incomplete beta function; a, b > 0, 0 ≤ x ≤ 1.
double beta_cdf(double x, double a, double b);
double beta_quantile(double p, double a, double b);

}  // namespace xlt
