// SPDX-License-Identifier: Apache-2.0
#include "ops/head/logit_row.h"

#include "ops/float_rows.h"
#include "ops/head/head_kernels.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "xlt/base/error.h"

namespace xlt::ops {
namespace {

constexpr int64_t kBuckets = 2048;

// Most probable first; lower id first among equals.
bool comes_before(const Candidate& a, const Candidate& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
}

// Of candidates in descending order, how many it takes to reach `goal` from `mass`; at least one.
size_t count_to_reach(const std::vector<Candidate>& descending, double mass, double goal) {
  size_t count = 0;
  do mass += descending[count++].weight;
  while (count < descending.size() && mass < goal);
  return count;
}

// A range such that the tokens less probable than e^−range times the most probable one weigh `allowed` at
// most in all: those of a block weigh no more than the block does, nor than e^−range each.
double range_beyond(const std::vector<double>& masses, double allowed) {
  const auto bound = [&](double range) {
    const double most = static_cast<double>(kMaxBlock) * std::exp(-range);
    double sum = 0;
    for (const double mass : masses) sum += std::min(mass, most);
    return sum;
  };
  constexpr int kHalvings = 12;  // to 0.01 of what is below 50
  double low = 0, high = std::max(0.0, std::log(static_cast<double>(kMaxBlock * masses.size()) / allowed));
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = (low + high) / 2;
    (bound(middle) <= allowed ? high : low) = middle;
  }
  return high;
}

// The fewest most probable of `candidates`, all within `range` of the highest, whose weight reaches `goal`.
class MassCut {
 public:
  MassCut(float highest, float factor, double range)
      : highest_(highest), scale_(static_cast<float>(factor * (kBuckets - 1) / std::max(range, 1e-6))) {}

  void apply(std::vector<Candidate>& candidates, double goal) const {
    std::vector<double> masses(kBuckets);
    for (const Candidate& candidate : candidates) masses[bucket(candidate)] += candidate.weight;
    int64_t crossed = 0;
    double above = 0;
    while (crossed < kBuckets - 1 && above + masses[crossed] < goal) above += masses[crossed++];
    std::vector<Candidate> inside;
    for (const Candidate& candidate : candidates)
      if (bucket(candidate) == crossed) inside.push_back(candidate);
    if (inside.empty()) return;  // rounding left the goal just out of reach: all are kept
    std::sort(inside.begin(), inside.end(), comes_before);
    const Candidate last = inside[count_to_reach(inside, above, goal) - 1];
    std::erase_if(candidates, [&](const Candidate& candidate) { return comes_before(last, candidate); });
  }

 private:
  int64_t bucket(const Candidate& candidate) const {
    return std::min(static_cast<int64_t>((highest_ - candidate.logit) * scale_), kBuckets - 1);
  }
  float highest_, scale_;
};

}  // namespace

double total_of(const std::vector<Candidate>& candidates) {
  double total = 0;
  for (const Candidate& candidate : candidates) total += candidate.weight;
  return total;
}

void throw_not_finite() {
  throw Error(ErrorKind::kNumerics, "the logits are not finite; the weights or the adapter may be broken");
}

LogitRow::LogitRow(const float* logits, int64_t size, double temperature)
    : logits_(logits), size_(size), temperature_(temperature), factor_(static_cast<float>(1 / temperature)) {
  own_maxima_.resize((size + kMaxBlock - 1) / kMaxBlock);
  block_maxima(logits, size, own_maxima_.data());
  maxima_ = own_maxima_;
  find_highest();
}

LogitRow::LogitRow(const float* logits, int64_t size, double temperature, const LogitSummary& summary,
                   int64_t row)
    : logits_(logits), size_(size), temperature_(temperature), factor_(static_cast<float>(1 / temperature)) {
  const auto blocks = static_cast<size_t>((size + kMaxBlock - 1) / kMaxBlock);
  maxima_ = std::span(summary.maxima).subspan(row * blocks, blocks);
  sums_ = std::span(summary.sums).subspan(row * blocks, blocks);
  find_highest();
}

int64_t LogitRow::most_probable() const { return std::find(logits_, logits_ + size_, highest_) - logits_; }

std::vector<Candidate> LogitRow::kept(const SampleOptions& options) const {
  std::vector<Candidate> candidates;
  if (options.top_k > 0 && options.top_k < size_) {
    candidates = k_most_probable(static_cast<size_t>(options.top_k));
    if (options.top_p < 1)
      candidates.resize(count_to_reach(candidates, 0, options.top_p * total_of(candidates)));
    std::sort(candidates.begin(), candidates.end(),
              [](const Candidate& a, const Candidate& b) { return a.id < b.id; });
  } else {
    candidates = options.top_p < 1 ? smallest_set(options.top_p) : at_least(kLowest);
  }
  std::erase_if(candidates, [](const Candidate& candidate) { return candidate.weight == 0; });
  return candidates;
}

int64_t LogitRow::draw(double uniform) const {
  const std::vector<double> sums = block_masses();
  const double goal = uniform * std::accumulate(sums.begin(), sums.end(), 0.0);
  double mass = 0;
  int64_t block = -1, begin_of_last = 0;
  double mass_before_last = 0;
  while (++block < static_cast<int64_t>(sums.size())) {
    if (sums[block] == 0) continue;
    begin_of_last = block * kMaxBlock;
    mass_before_last = mass;
    mass += sums[block];
    if (goal < mass) break;
  }
  float weights[kMaxBlock];
  const int64_t count = std::min(kMaxBlock, size_ - begin_of_last);
  exponentials(logits_ + begin_of_last, count, highest_, factor_, weights);
  int64_t drawn = 0;
  mass = mass_before_last;
  for (int64_t i = 0; i < count; ++i) {
    if (weights[i] == 0) continue;
    drawn = i;
    mass += weights[i];
    if (goal < mass) break;
  }
  return begin_of_last + drawn;
}

void LogitRow::find_highest() {
  highest_ = largest_of(maxima_.data(), static_cast<int64_t>(maxima_.size()));
  if (!std::isfinite(highest_)) throw_not_finite();
}

std::vector<double> LogitRow::block_masses() const {
  std::vector<double> masses(maxima_.size());
  std::vector<float> weights(maxima_.size());
  exponentials(maxima_.data(), static_cast<int64_t>(maxima_.size()), highest_, factor_, weights.data());
  for (size_t block = 0; block < masses.size(); ++block) {
    if (weights[block] == 0) continue;
    const int64_t begin = static_cast<int64_t>(block) * kMaxBlock;
    masses[block] = sums_.empty() ? sum_of_exponentials(logits_ + begin, std::min(kMaxBlock, size_ - begin),
                                                        highest_, factor_)
                                  : sums_[block] * weights[block];
  }
  return masses;
}

std::vector<Candidate> LogitRow::at_least(float threshold) const {
  std::vector<Candidate> candidates;
  float weights[kMaxBlock];
  for (int64_t begin = 0; begin < size_; begin += kMaxBlock) {
    if (maxima_[begin / kMaxBlock] < threshold) continue;
    const int64_t count = std::min(kMaxBlock, size_ - begin);
    exponentials(logits_ + begin, count, highest_, factor_, weights);
    for (int64_t i = 0; i < count; ++i)
      if (logits_[begin + i] >= threshold) candidates.push_back({begin + i, logits_[begin + i], weights[i]});
  }
  return candidates;
}

std::vector<Candidate> LogitRow::k_most_probable(size_t k) const {
  float threshold = kLowest;
  if (k <= maxima_.size()) {
    std::vector<float> maxima(maxima_.begin(), maxima_.end());
    std::nth_element(maxima.begin(), maxima.begin() + (k - 1), maxima.end(), std::greater<>());
    threshold = maxima[k - 1];
  }
  std::vector<Candidate> candidates = at_least(threshold);
  std::nth_element(candidates.begin(), candidates.begin() + (k - 1), candidates.end(), comes_before);
  candidates.resize(k);
  std::sort(candidates.begin(), candidates.end(), comes_before);
  return candidates;
}

std::vector<Candidate> LogitRow::smallest_set(double top_p) const {
  const std::vector<double> masses = block_masses();
  const double total = std::accumulate(masses.begin(), masses.end(), 0.0);
  constexpr double kSlack = 0.01;  // far more than the rounding of a threshold or of an exponential
  const double range = range_beyond(masses, (1 - kSlack) * (1 - top_p) * total) + kSlack;
  const auto threshold = static_cast<float>(highest_ - range * temperature_);
  std::vector<Candidate> candidates = at_least(threshold);
  MassCut(highest_, factor_, range).apply(candidates, top_p * total);
  return candidates;
}

}  // namespace xlt::ops
