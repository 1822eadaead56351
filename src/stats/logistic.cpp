// SPDX-License-Identifier: Apache-2.0
#include "xlt/stats/logistic.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>

#include "xlt/base/error.h"

namespace xlt {

namespace {

using Values = std::vector<double>;

constexpr size_t kMemory = 20;  // pairs of steps that L-BFGS remembers
constexpr int64_t kMostIterations = 1000;
constexpr double kColdest = 0.05, kHottest = 20;

// Eight sums side by side: the compiler may not reorder one sum, and so could not use the vector units.
double dot(const double* a, const double* b, size_t count) {
  std::array<double, 8> sums{};
  size_t i = 0;
  for (; i + 8 <= count; i += 8)
    for (size_t k = 0; k < 8; ++k) sums[k] += a[i + k] * b[i + k];
  double sum = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
  for (; i < count; ++i) sum += a[i] * b[i];
  return sum;
}
double dot(const Values& a, const Values& b) { return dot(a.data(), b.data(), a.size()); }

void add_scaled(double* to, const double* what, double scale, size_t count) {
  for (size_t i = 0; i < count; ++i) to[i] += scale * what[i];
}

double largest_of(const Values& values) {
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

// log(1 + eˣ), without overflow.
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }
double row_loss(double logit, double target) { return softplus(logit) - target * logit; }

// A point of the search: weights, and the intercept behind them.
struct Point {
  Values place, gradient;
  double loss = 0;
};

void evaluate(const LogisticProblem& problem, Point& point) {
  const auto width = static_cast<size_t>(problem.width);
  const size_t rows = problem.targets.size();
  const double* weights = point.place.data();
  point.gradient.assign(width + 1, 0);
  point.loss = 0;
  for (size_t row = 0; row < rows; ++row) {
    const double* features = problem.features.data() + row * width;
    const double logit = dot(weights, features, width) + point.place[width];
    const double error = sigmoid(logit) - problem.targets[row];
    point.loss += row_loss(logit, problem.targets[row]);
    add_scaled(point.gradient.data(), features, error, width);
    point.gradient[width] += error;
  }
  for (double& value : point.gradient) value /= static_cast<double>(rows);
  point.loss /= static_cast<double>(rows);
  point.loss += problem.l2 / 2 * dot(weights, weights, width);
  add_scaled(point.gradient.data(), weights, problem.l2, width);
}

// What L-BFGS knows of the curvature.
class Curvature {
 public:
  void add(const Point& from, const Point& to) {
    Pair pair{to.place, to.gradient, 0};
    add_scaled(pair.step.data(), from.place.data(), -1, pair.step.size());
    add_scaled(pair.change.data(), from.gradient.data(), -1, pair.change.size());
    const double product = dot(pair.step, pair.change);
    if (!(product > 0)) return;  // a step of rounding alone
    pair.rho = 1 / product;
    pairs_.push_back(std::move(pair));
    if (pairs_.size() > kMemory) pairs_.pop_front();
  }
  void forget() { pairs_.clear(); }
  bool is_empty() const { return pairs_.empty(); }
  // −H gradient, by the two loops.
  Values direction(const Values& gradient) const {
    Values result = gradient;
    Values alphas;
    for (auto pair = pairs_.rbegin(); pair != pairs_.rend(); ++pair) {
      alphas.push_back(pair->rho * dot(pair->step, result));
      add_scaled(result.data(), pair->change.data(), -alphas.back(), result.size());
    }
    if (!pairs_.empty()) {
      const Pair& last = pairs_.back();
      const double scale = 1 / (last.rho * dot(last.change, last.change));
      for (double& value : result) value *= scale;
    }
    for (const Pair& pair : pairs_) {
      const double beta = pair.rho * dot(pair.change, result);
      add_scaled(result.data(), pair.step.data(), alphas.back() - beta, result.size());
      alphas.pop_back();
    }
    for (double& value : result) value = -value;
    return result;
  }

 private:
  struct Pair {
    Values step, change;
    double rho;
  };
  std::deque<Pair> pairs_;
};

// Halves the step until the loss falls enough (Armijo); false where it never does.
bool search(const LogisticProblem& problem, const Point& from, const Values& direction, double step,
            Point& to) {
  const double slope = dot(from.gradient, direction);
  for (int halving = 0; halving < 60; ++halving, step /= 2) {
    to.place = from.place;
    add_scaled(to.place.data(), direction.data(), step, direction.size());
    evaluate(problem, to);
    if (to.loss <= from.loss + 1e-4 * step * slope) return true;
    // Near the minimum a loss has no digits left to fall by; its gradient has.
    if (to.loss <= from.loss * (1 + 1e-14) && largest_of(to.gradient) < largest_of(from.gradient))
      return true;
  }
  return false;
}

Point start_of(const LogisticProblem& problem, const LogisticFit* start) {
  Point point;
  point.place.assign(static_cast<size_t>(problem.width) + 1, 0);
  if (start) {
    XLT_CHECK(start->weights.size() + 1 == point.place.size(), start->weights.size(), " weights");
    std::copy(start->weights.begin(), start->weights.end(), point.place.begin());
    point.place.back() = start->intercept;
  }
  evaluate(problem, point);
  return point;
}

}  // namespace

double sigmoid(double logit) {
  const double e = std::exp(-std::abs(logit));
  return logit >= 0 ? 1 / (1 + e) : e / (1 + e);
}

LogisticFit fit_logistic(const LogisticProblem& problem, const LogisticFit* start, double tolerance) {
  XLT_CHECK(!problem.targets.empty() && problem.l2 > 0, problem.targets.size(), " rows, l2 ", problem.l2);
  XLT_CHECK(problem.features.size() == problem.targets.size() * static_cast<size_t>(problem.width),
            problem.features.size(), " features");
  Point point = start_of(problem, start), next;
  Curvature curvature;
  LogisticFit fit;
  while (!(fit.converged = largest_of(point.gradient) <= tolerance) && fit.iterations < kMostIterations) {
    ++fit.iterations;
    const Values direction = curvature.direction(point.gradient);
    const double step = curvature.is_empty() ? 1 / std::max(1.0, std::sqrt(dot(direction, direction))) : 1;
    if (!search(problem, point, direction, step, next)) {
      if (curvature.is_empty()) break;
      curvature.forget();  // once more along the gradient itself
      continue;
    }
    curvature.add(point, next);
    std::swap(point, next);
  }
  fit.intercept = point.place.back();
  point.place.pop_back();
  fit.weights = std::move(point.place);
  return fit;
}

std::vector<double> logits_of(const LogisticFit& fit, std::span<const double> features) {
  const size_t width = fit.weights.size();
  XLT_CHECK(width > 0 && features.size() % width == 0, features.size(), " features of rows of ", width);
  std::vector<double> logits;
  for (size_t begin = 0; begin < features.size(); begin += width)
    logits.push_back(dot(fit.weights.data(), features.data() + begin, width) + fit.intercept);
  return logits;
}

double log_loss(std::span<const double> logits, std::span<const double> targets) {
  XLT_CHECK(!logits.empty() && logits.size() == targets.size(), logits.size(), " for ", targets.size());
  double sum = 0;
  for (size_t i = 0; i < logits.size(); ++i) sum += row_loss(logits[i], targets[i]);
  return sum / static_cast<double>(logits.size());
}

double fit_temperature(std::span<const double> logits, std::span<const double> targets) {
  XLT_CHECK(!logits.empty() && logits.size() == targets.size(), logits.size(), " for ", targets.size());
  // The loss is convex in the factor 1 / T; its derivative is Σ logit · (p − target).
  const auto slope = [&](double factor) {
    double sum = 0;
    for (size_t i = 0; i < logits.size(); ++i) sum += logits[i] * (sigmoid(logits[i] * factor) - targets[i]);
    return sum;
  };
  double low = std::log(1 / kHottest), high = std::log(1 / kColdest);
  for (int halving = 0; halving < 60; ++halving) {
    const double middle = (low + high) / 2;
    (slope(std::exp(middle)) > 0 ? high : low) = middle;
  }
  return std::exp(-(low + high) / 2);
}

}  // namespace xlt
