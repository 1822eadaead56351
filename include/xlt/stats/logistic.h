// SPDX-License-Identifier: Apache-2.0
// Logistic regression with an L2 penalty, and the temperature that makes its probabilities honest. One
// thread, float64: the same bits whatever runs beside it.
//
//   const LogisticFit fit = fit_logistic({.features = x, .width = 640, .targets = y, .l2 = 0.01});
//   const double temperature = fit_temperature(logits_of_other_rows, their_targets);
//   double p = sigmoid(logit / temperature);
//
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace xlt {

struct LogisticProblem {
  std::span<const double> features;  // [rows][width]
  int64_t width = 0;
  std::span<const double> targets;  // [rows], 0 … 1: the probability that the row is positive
  double l2 = 0;                    // > 0
};

struct LogisticFit {
  std::vector<double> weights;  // [width]
  double intercept = 0;         // not penalised
  int64_t iterations = 0;
  bool converged = false;  // no partial derivative is above the tolerance
};

// The minimum of mean(log loss) + l2 / 2 · |weights|², by L-BFGS (Liu & Nocedal 1989); scikit-learn's C is
// 1 / (rows · l2). Begins at `start`, else at 0. `tolerance` bounds every partial derivative. Targets that
// are all 0 or all 1 have no minimum: not converged.
LogisticFit fit_logistic(const LogisticProblem& problem, const LogisticFit* start = nullptr,
                         double tolerance = 1e-6);

// weights · row + intercept, of every row.
std::vector<double> logits_of(const LogisticFit& fit, std::span<const double> features);
double sigmoid(double logit);
// Mean of −(target log p + (1 − target) log(1 − p)), p = sigmoid(logit); nats. Rows: one or more.
double log_loss(std::span<const double> logits, std::span<const double> targets);

// The T > 0 for which logits / T have the smallest log loss (Guo et al. 2017), within 0.05 … 20: logits that
// part the rows without a fault would have them divided by ever less, useless ones by ever more.
double fit_temperature(std::span<const double> logits, std::span<const double> targets);

}  // namespace xlt
