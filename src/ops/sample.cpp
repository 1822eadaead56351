// Truncated sampling without a sort of the vocabulary: a histogram of the logits finds the bucket in which
// top-k or top-p is crossed, and only that bucket is sorted. SPDX-License-Identifier: Apache-2.0
#include "xlt/ops/sample.h"

#include "ops/head_kernels.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <ATen/Parallel.h>

#include "xlt/base/error.h"

namespace xlt::ops {
namespace {

constexpr int64_t kBuckets = 2048;
// Logits (over temperature) this far below the largest share the last bucket: e⁻²⁴ = 4e-11 of its
// probability.
constexpr float kRange = 24.0f;

struct Candidate {
  int64_t id;
  double weight;  // exp((logit − highest) / temperature)
};

// Most probable first; lower id first among equals.
bool comes_before(const Candidate& a, const Candidate& b) {
  return a.weight != b.weight ? a.weight > b.weight : a.id < b.id;
}

class Row {
 public:
  Row(const float* logits, int64_t size, double temperature)
      : logits_(logits), size_(size), factor_(static_cast<float>(1 / temperature)) {
    highest_ = largest_of(logits, size);
    if (!std::isfinite(highest_))
      throw Error(ErrorKind::kNumerics,
                  "the logits are not finite; the weights or the adapter may be broken");
  }

  // The tokens kept by top-k, then top-p, in ascending order of id, with weights.
  std::vector<Candidate> kept(const SampleOptions& options) const {
    if (options.top_k > 0 && options.top_k < size_) {
      auto top = largest([&](int64_t count, double) { return count >= options.top_k; },
                         [&](std::vector<Candidate>& sorted) {
                           sorted.resize(std::min<size_t>(sorted.size(), static_cast<size_t>(options.top_k)));
                         });
      return options.top_p < 1 ? prefix(std::move(top), options.top_p, total_of(top))
                               : ordered(std::move(top));
    }
    if (options.top_p >= 1) return everything();
    const double total = sum_of_exponentials(logits_, size_, highest_, factor_), goal = options.top_p * total;
    auto top = largest([&](int64_t, double mass) { return mass >= goal; }, [](std::vector<Candidate>&) {});
    return prefix(std::move(top), options.top_p, total);
  }

 private:
  double weight(int64_t id) const {
    return std::exp(static_cast<double>((logits_[id] - highest_) * factor_));
  }
  int64_t bucket(int64_t id) const {
    const float below = (highest_ - logits_[id]) * factor_ * (kBuckets / kRange);
    return below < kBuckets - 1 ? static_cast<int64_t>(below) : kBuckets - 1;
  }

  static double total_of(const std::vector<Candidate>& candidates) {
    double total = 0;
    for (const Candidate& candidate : candidates) total += candidate.weight;
    return total;
  }

  static std::vector<Candidate> ordered(std::vector<Candidate> candidates) {
    std::sort(candidates.begin(), candidates.end(),
              [](const Candidate& a, const Candidate& b) { return a.id < b.id; });
    return candidates;
  }

  // All tokens of the buckets from the top down to the one in which `is_enough(count, mass)` first holds,
  // sorted by probability and then cut by `cut`.
  template <typename IsEnough, typename Cut>
  std::vector<Candidate> largest(const IsEnough& is_enough, const Cut& cut) const {
    // The histogram holds approximate weights; exact ones are made of the buckets taken only.
    std::vector<int64_t> counts(kBuckets);
    std::vector<double> masses(kBuckets);
    std::vector<float> weights(size_);
    exponentials_of(logits_, size_, highest_, factor_, weights.data());
    for (int64_t id = 0; id < size_; ++id) {
      const int64_t b = bucket(id);
      ++counts[b];
      masses[b] += weights[id];
    }
    int64_t last = 0, count = counts[0];
    double mass = masses[0];
    // A sliver is asked for beyond the goal, so that rounding in `mass` cannot stop a bucket too early.
    while (last < kBuckets - 1 && !is_enough(count, mass * (1 - 1e-5))) {
      ++last;
      count += counts[last];
      mass += masses[last];
    }
    std::vector<Candidate> candidates;
    candidates.reserve(count);
    for (int64_t id = 0; id < size_; ++id)
      if (bucket(id) <= last) candidates.push_back({id, weight(id)});
    std::sort(candidates.begin(), candidates.end(), comes_before);
    cut(candidates);
    return candidates;
  }

  // The shortest run of `sorted` whose weight reaches top_p of `total`; at least one token.
  static std::vector<Candidate> prefix(std::vector<Candidate> sorted, double top_p, double total) {
    double mass = 0;
    size_t count = 0;
    while (count < sorted.size() && (count == 0 || mass < top_p * total)) mass += sorted[count++].weight;
    sorted.resize(count);
    return ordered(std::move(sorted));
  }

  std::vector<Candidate> everything() const {
    std::vector<Candidate> candidates;
    candidates.reserve(size_);
    for (int64_t id = 0; id < size_; ++id)
      if (const double w = weight(id); w > 0) candidates.push_back({id, w});
    return candidates;
  }

  const float* logits_;
  int64_t size_;
  float factor_, highest_ = 0;
};

int64_t greedy_token(const float* logits, int64_t size) {
  const float highest = largest_of(logits, size);
  if (!std::isfinite(highest))
    throw Error(ErrorKind::kNumerics, "the logits are not finite; the weights or the adapter may be broken");
  return std::find(logits, logits + size, highest) - logits;
}

int64_t inverse_transform(const std::vector<Candidate>& kept, double uniform) {
  double total = 0;
  for (const Candidate& candidate : kept) total += candidate.weight;
  double mass = 0;
  for (const Candidate& candidate : kept) {
    mass += candidate.weight;
    if (uniform * total < mass) return candidate.id;
  }
  return kept.back().id;
}

}  // namespace

std::vector<int64_t> sample(const at::Tensor& logits, std::span<const double> uniforms,
                            const SampleOptions& options) {
  XLT_CHECK(
      logits.dim() == 2 && logits.size(0) == static_cast<int64_t>(uniforms.size()) && logits.size(1) > 0,
      "logits ", logits.sizes());
  const at::Tensor rows = logits.to(at::kCPU, at::kFloat).contiguous();
  const float* data = rows.const_data_ptr<float>();
  const int64_t V = rows.size(1);
  std::vector<int64_t> ids(uniforms.size());
  at::parallel_for(0, rows.size(0), 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const float* x = data + row * V;
      ids[row] = options.greedy
                     ? greedy_token(x, V)
                     : inverse_transform(Row(x, V, options.temperature).kept(options), uniforms[row]);
    }
  });
  return ids;
}

std::vector<std::pair<int64_t, double>> truncated_distribution(const at::Tensor& logits_row,
                                                               const SampleOptions& options) {
  const at::Tensor row = logits_row.to(at::kCPU, at::kFloat).contiguous();
  const float* x = row.const_data_ptr<float>();
  if (options.greedy) return {{greedy_token(x, row.numel()), 1.0}};
  const auto kept = Row(x, row.numel(), options.temperature).kept(options);
  double total = 0;
  for (const Candidate& candidate : kept) total += candidate.weight;
  std::vector<std::pair<int64_t, double>> distribution;
  for (const Candidate& candidate : kept) distribution.emplace_back(candidate.id, candidate.weight / total);
  return distribution;
}

}  // namespace xlt::ops
